/**
 * How a model's texts may go together so that each keeps its bits [MO2]: measured, never taken from its name. A model that
 * keeps them in no batch is used all the same, one text at a time.
 */
import type { batchings } from '../../shared/status.ts'

/** Numbers of each row of token ids, padded to `length`. */
export type RunTokens = (rows: readonly Int32Array[], length: number) => Promise<Float32Array>

/**
 * padded: texts of like length together. same-length: only texts of one length, none padded. alone: one by one.
 * Padding on the left moves the text along, and with it what a kernel sums together: never taken for padded.
 */
export type Batching = (typeof batchings)[number]

/** One token, odd numbers, around multiples of 16: where kernels change their way, the last bits change. */
const testLengths = [1, 2, 3, 5, 7, 9, 16, 18, 25, 33, 47, 64]
const padding = 31

/**
 * The freest way of batching in which every row keeps the bits it has alone. For vectors and for scores. `aloneOnly`: a
 * language model answers with a number for every word of its vocabulary at every place, 40 MB for 64 tokens; several
 * such texts at once are not worth their memory, so none is tried.
 */
export async function findBatching(
  run: RunTokens,
  samples: readonly Int32Array[],
  maxTokens: number,
  paddingSide: 'left' | 'right',
  aloneOnly = false,
): Promise<{ batching: Batching; usPerToken: number; alone: Float32Array[]; padded: Float32Array[] }> {
  const rows = testLengths.map((length, i) => stretched(samples, i, Math.min(length, maxTokens)))
  const longest = Math.max(...rows.map((row) => row.length))
  const alone: Float32Array[] = []
  let usPerToken = Infinity
  for (const row of rows) {
    const start = performance.now()
    alone.push(await run([row], row.length))
    // The best of them: what else the machine does only ever makes it slower.
    usPerToken = Math.min(usPerToken, ((performance.now() - start) * 1000) / row.length)
  }
  const split = (all: Float32Array, count: number): Float32Array[] => {
    const width = all.length / count
    return Array.from({ length: count }, (_, i) => all.slice(i * width, (i + 1) * width))
  }
  const equal = (vectors: readonly Float32Array[], expected: readonly Float32Array[]): boolean =>
    vectors.every((vector, i) => sameBits(vector, expected[i]!))

  if (aloneOnly) return { batching: 'alone', usPerToken, alone, padded: alone }
  const padded = split(await run(rows, longest), rows.length)
  const wider = Math.min(longest + padding, maxTokens)
  if (
    paddingSide === 'right' &&
    equal(padded, alone) &&
    equal(split(await run(rows, wider), rows.length), alone)
  ) {
    return { batching: 'padded', usPerToken, alone, padded }
  }
  for (const length of [7, 18, 33].map((one) => Math.min(one, maxTokens))) {
    const same = Array.from({ length: 5 }, (_, i) => stretched(samples, i, length))
    const expected: Float32Array[] = []
    for (const row of same) expected.push(await run([row], length))
    if (!equal(split(await run(same, length), same.length), expected))
      return { batching: 'alone', usPerToken, alone, padded }
  }
  return { batching: 'same-length', usPerToken, alone, padded }
}

/** A row of `length` tokens out of the samples, another one for each `nth`. */
function stretched(samples: readonly Int32Array[], nth: number, length: number): Int32Array {
  const sample = samples[nth % samples.length]!
  return Int32Array.from({ length }, (_, at) => sample[(at + nth * 3) % sample.length]!)
}

export const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength))

/** Cosine of two unit vectors; exactly 1 when, and only when, they are equal bit for bit. */
export const cosineOfBits = (a: Float32Array, b: Float32Array): number =>
  sameBits(a, b)
    ? 1
    : Math.min(
        1 - Number.EPSILON,
        a.reduce((sum, value, at) => sum + value * b[at]!, 0),
      )
