/**
 * The final score: the probability that a passage answers, from the reranker's calibrated log-odds and the fused evidence.
 * Both are log-odds, so they add: the reranker overrules exact keyword evidence only as far as its weight reaches [SE5].
 * Parameters and the sweep that chose them: docs/decisions/0003.
 */

export interface BlendWeights {
  rerank: number
  fused: number
  bias: number
}

export const blendWeights: BlendWeights = { rerank: 1, fused: 0.5, bias: -2 }

/** P(answers). `logit` is the reranker's, `calibration` its own: P = sigmoid(scale * logit + bias). */
export function blend(
  logit: number,
  calibration: { scale: number; bias: number },
  fused: number,
  weights: BlendWeights = blendWeights,
): number {
  const calibrated = calibration.scale * logit + calibration.bias
  return sigmoid(weights.rerank * calibrated + weights.fused * fused + weights.bias)
}

export const sigmoid = (x: number): number =>
  x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))
