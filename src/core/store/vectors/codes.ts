/**
 * A vector in two bits a dimension: its sign and whether it is large. The four levels are the best for a normal
 * distribution (Max 1960, "Quantizing for minimum distortion", N = 4): borders 0 and ±0.9816 σ, values ±0.4528 σ and
 * ±1.510 σ, where σ of a unit vector of d dimensions is 1/√d. Why not signs alone: docs/decisions/0001-scan.md.
 */

const border = 0.9816
const small = 0.4528
const large = 1.51
/** By the two bits of a dimension: bit 0 is set when it is positive, bit 1 when it is large. */
const levels = [-small, small, -large, large]

/** Four dimensions a byte. */
export const codeBytes = (dimensions: number): number => Math.ceil(dimensions / 4)

/** Writes the code of a unit vector into `code`, dimension 0 in the lowest bits of the first byte. */
export function codeOf(vector: Float32Array, code: Uint8Array): void {
  const limit = border / Math.sqrt(vector.length)
  code.fill(0)
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i]!
    const bits = (value > 0 ? 1 : 0) | (Math.abs(value) > limit ? 2 : 0)
    code[i >> 2]! |= bits << ((i & 3) * 2)
  }
}

export interface CodeScores {
  /** Entry `256 k + byte` is what byte k of a code adds. */
  table: Int16Array
  /** Sum of a code's entries times this is about its cosine to the query. */
  scale: number
}

/** The query against every possible byte: a scan then adds one table entry a byte. Int16, so that the table stays in the first cache. */
export function codeScores(query: Float32Array): CodeScores {
  const bytes = codeBytes(query.length)
  const sums = new Float64Array(256 * bytes)
  let widest = 0
  for (let k = 0; k < bytes; k++) {
    for (let byte = 0; byte < 256; byte++) {
      let sum = 0
      for (let j = 0; j < 4; j++) sum += (query[4 * k + j] ?? 0) * levels[(byte >> (2 * j)) & 3]!
      sums[256 * k + byte] = sum
      widest = Math.max(widest, Math.abs(sum))
    }
  }
  const step = widest > 0 ? widest / 32_000 : 1
  return {
    table: Int16Array.from(sums, (sum) => Math.round(sum / step)),
    // E|x| of the levels: a code is shorter than its vector by the share of variance the levels keep, 0.8825.
    scale: step / Math.sqrt(query.length) / 0.8825,
  }
}
