/**
 * How a model's texts may go together so that each keeps its bits [MO2]: measured, never taken from its name. A model that
 * keeps them in no batch is used all the same, one text at a time.
 */
import type { batchings } from '../../shared/status.ts'

/** Whether one text's numbers, made in two ways, are the same: on the CPU bit for bit, elsewhere `nearly` [MO2]. */
export type Same = (a: Float32Array, b: Float32Array) => boolean

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
  {
    aloneOnly = false,
    same = sameBits,
    shortest = 1,
  }: { aloneOnly?: boolean; same?: Same; shortest?: number } = {},
): Promise<{ batching: Batching; usPerToken: number; alone: Float32Array[]; padded: Float32Array[] }> {
  const rows = testLengths.map((length, i) =>
    stretched(samples, i, Math.max(shortest, Math.min(length, maxTokens))),
  )
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
    vectors.every((vector, i) => same(vector, expected[i]!))

  if (aloneOnly) return { batching: 'alone', usPerToken, alone, padded: alone }
  const padded = split(await run(rows, longest), rows.length)
  const wider = Math.min(longest + padding, maxTokens)
  if (paddingSide === 'right' && equal(padded, alone)) {
    const start = performance.now()
    const atOnce = await run(rows, wider)
    // A device takes as long for one short text as for many at once.
    if (same !== sameBits)
      usPerToken = Math.min(usPerToken, ((performance.now() - start) * 1000) / (rows.length * wider))
    if (equal(split(atOnce, rows.length), alone)) return { batching: 'padded', usPerToken, alone, padded }
  }
  for (const length of [7, 18, 33].map((one) => Math.min(one, maxTokens))) {
    const few = Array.from({ length: 5 }, (_, i) => stretched(samples, i, length))
    const expected: Float32Array[] = []
    for (const row of few) expected.push(await run([row], length))
    if (!equal(split(await run(few, length), few.length), expected))
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

/** Beside others on another device than the CPU: 0.9999 for vectors, a thousandth for scores. */
export const nearly: Same = (a, b) =>
  a.length === 1 ? scoreDistance(a[0]!, b[0]!) <= 1e-3 : cosineOfBits(a, b) >= 0.9999

/** Of two scores; large ones by their size. */
export const scoreDistance = (a: number, b: number): number => Math.abs(a - b) / Math.max(1, Math.abs(b))

/** Cosine of two unit vectors; exactly 1 when, and only when, they are equal bit for bit. */
export const cosineOfBits = (a: Float32Array, b: Float32Array): number =>
  sameBits(a, b)
    ? 1
    : Math.min(
        1 - Number.EPSILON,
        a.reduce((sum, value, at) => sum + value * b[at]!, 0),
      )
