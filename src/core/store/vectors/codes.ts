/** One bit a dimension, its sign: what is scanned before exact scores. Bits fill 32-bit words, lowest first. */

export const codeWords = (dimensions: number): number => Math.ceil(dimensions / 32)
export const codeBytes = (dimensions: number): number => 4 * codeWords(dimensions)

/** Writes the code of `vector` into `code`, little-endian. */
export function codeOf(vector: Float32Array, code: Buffer): void {
  code.fill(0)
  for (let i = 0; i < vector.length; i++) if (vector[i]! > 0) code[i >> 3]! |= 1 << (i & 7)
}

/** Set bits of a 32-bit word (Hacker's Delight, figure 5-2). */
export function popcount(word: number): number {
  word -= (word >>> 1) & 0x55555555
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
