/**
 * The final score. Order comes from one sum, the fused evidence and twice the reranker's log-odds, so that the reranker
 * overrules exact keyword evidence only as far as its weight reaches [SE5]. What is shown is the probability that a passage
 * answers: it rises with that sum, and with how far it stands above the passages in the middle of the list, for a true
 * answer stands out. Parameters and the sweep that chose them: docs/decisions/0003-fusion.md.
 */

export interface BlendWeights {
  /** Of the reranker's calibrated log-odds, beside the fused score. */
  rerank: number
  /** P = sigmoid(level * l(sum) + gap * (l(sum) - l(middle)) + bias), l(x) = ln(1 + softplus(x)). */
  level: number
  gap: number
  bias: number
}

export const blendWeights: BlendWeights = { rerank: 2, level: 0.05, gap: 2.23, bias: -1.72 }

/** Ranks whose mean is the middle of a list, from 0. */
export const middleFrom = 3
export const middleTo = 8
/** The middle of a list too short to have one: what lists usually have there. */
const usualMiddle = 7
/** To stand out among nothing is nothing. */
export const leastMiddle = 3

export interface Blend {
  /** What orders the list. */
  sum(logit: number, fused: number): number
  /** P(answers), rising with `sum`. */
  probability(sum: number): number
}

/** `passages`: all that were reranked. `calibration` is the reranker's: P = sigmoid(scale * logit + bias). */
export function createBlend(
  passages: readonly { logit: number; fused: number }[],
  calibration: { scale: number; bias: number },
  weights: BlendWeights = blendWeights,
): Blend {
  const sum = (logit: number, fused: number): number =>
    weights.rerank * (calibration.scale * logit + calibration.bias) + fused
  const middle = passages
    .map(({ logit, fused }) => sum(logit, fused))
    .sort((a, b) => b - a)
    .slice(middleFrom, middleTo)
  const reference =
    middle.length > 0
      ? Math.max(leastMiddle, middle.reduce((total, value) => total + value, 0) / middle.length)
      : usualMiddle
  return {
    sum,
    probability: (value) =>
      sigmoid((weights.level + weights.gap) * l(value) - weights.gap * l(reference) + weights.bias),
  }
}

/** ln(1 + softplus(x)): like ln(1 + x) above nothing, and below it ever flatter, so that order holds everywhere. */
export const l = (x: number): number => Math.log1p(x > 30 ? x : Math.log1p(Math.exp(x)))

export const sigmoid = (x: number): number =>
  x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))
