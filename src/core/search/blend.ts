/**
 * The final score. Order comes from one sum, the fused evidence and a multiple of the reranker's log-odds, so that the reranker
 * overrules exact keyword evidence only as far as its weight reaches [SE5]. What is shown is the probability that a passage
 * answers: it rises with that sum, and with how far it stands above the passages in the middle of the list, for a true
 * answer stands out; and it is tempered by what is known of the whole list, so that a question nothing answers is seen to have no
 * answer. Parameters and the sweep that chose them: docs/decisions/0003-fusion.md.
 */

export interface BlendWeights {
  /** Of the reranker's calibrated log-odds, beside the fused score. */
  rerank: number
  /** Added to the log-odds, so that a passage which may answer has a sum above nothing and one which does not has one below: l bends there. Moves no order. */
  even: number
  /**
   * P = sigmoid(level * l(sum) + (gap + sure * best) * (l(sum) - l(middle)) + words * sqrt(share) + assurance * best + bias),
   * l(x) = ln(1 + softplus(x)); best: the list's largest log-odds of the reranker, -6 to 6; share: its largest share of the query's
   * words, at most 1.2. Both are the same for the whole list, so they move its level and never its order.
   */
  level: number
  gap: number
  sure: number
  words: number
  assurance: number
  bias: number
}

export const blendWeights: BlendWeights = {
  rerank: 12,
  even: 3.4,
  level: 0.665,
  gap: 1.952,
  sure: 0.272,
  words: -0.14,
  assurance: 0.152,
  bias: -5.324,
}

/** Ranks whose mean is the middle of a list, from 0. */
const middleFrom = 3
const middleTo = 8
/** The middle of a list too short to have one: what lists usually have there. */
const usualMiddle = 7
/** To stand out among nothing is nothing. */
const leastMiddle = 3
const mostLogOdds = 6
const mostShare = 1.2

export interface Blend {
  /** What orders the list. */
  sum(logit: number, fused: number): number
  /** P(answers), rising with `sum`. */
  probability(sum: number): number
}

/** A reranked passage; `share`: of the query's idf mass, that its words cover. */
export interface Scored {
  logit: number
  fused: number
  share: number
}

/** `passages`: all that were reranked. `calibration` is the reranker's: P = sigmoid(scale * logit + bias). */
export function createBlend(
  passages: readonly Scored[],
  calibration: { scale: number; bias: number },
  weights: BlendWeights = blendWeights,
): Blend {
  const sum = (logit: number, fused: number): number =>
    blendedSum(calibration.scale * logit + calibration.bias, fused, weights)
  const features = listFeatures(
    passages.map(({ logit, fused, share }) => ({
      sum: sum(logit, fused),
      logOdds: calibration.scale * logit + calibration.bias,
      share,
    })),
  )
  return { sum, probability: (value) => sigmoid(dot(features(value), parametersOf(weights))) }
}

export function blendedSum(logOdds: number, fused: number, weights: BlendWeights = blendWeights): number {
  return weights.rerank * (logOdds + weights.even) + fused
}

/** What `fit` in bench/fusion.ts fits: the features of a sum within its list, in the order of `parametersOf`. */
export function listFeatures(
  list: readonly { sum: number; logOdds: number; share: number }[],
): (sum: number) => number[] {
  const middle = list
    .map((one) => one.sum)
    .sort((a, b) => b - a)
    .slice(middleFrom, middleTo)
  const reference =
    middle.length > 0
      ? Math.max(leastMiddle, middle.reduce((total, value) => total + value, 0) / middle.length)
      : usualMiddle
  const largest = Math.max(-mostLogOdds, ...list.map((one) => one.logOdds))
  const best = Math.min(mostLogOdds, largest)
  const words = Math.sqrt(Math.min(mostShare, Math.max(0, ...list.map((one) => one.share))))
  return (sum) => {
    const gap = l(sum) - l(reference)
    return [l(sum), gap, gap * best, words, best, 1]
  }
}

export const parametersOf = (weights: BlendWeights): number[] => [
  weights.level,
  weights.gap,
  weights.sure,
  weights.words,
  weights.assurance,
  weights.bias,
]

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((total, value, i) => total + value * b[i]!, 0)

/** ln(1 + softplus(x)): like ln(1 + x) above nothing, and below it ever flatter, so that order holds everywhere. */
const l = (x: number): number => Math.log1p(x > 30 ? x : Math.log1p(Math.exp(x)))

export const sigmoid = (x: number): number =>
  x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))
