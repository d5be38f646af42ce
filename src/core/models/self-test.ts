/**
 * What a model must show before its vectors are trusted [MO2 MO4]: finite unit vectors of the stated dimensions, a vector
 * for every token, and how it may be batched so that a text keeps its bits. A model that keeps them in no batch is used
 * all the same, one text at a time.
 */
import { AppError } from '../../shared/errors.ts'

/** Numbers of each row of token ids, padded to `length`. */
export type RunTokens = (rows: readonly Int32Array[], length: number) => Promise<Float32Array>

/**
 * padded: texts of like length together. same-length: only texts of one length, none padded. alone: one by one.
 * Padding on the left moves the text along, and with it what a kernel sums together: never taken for padded.
 */
export type Batching = 'padded' | 'same-length' | 'alone'

export interface SelfTest {
  batching: Batching
  /** Lowest cosine between a vector made alone and in a padded batch; 1 when they are equal. */
  worstCosine: number
  /** Measured on the longer rows alone; tells how large a batch may be. */
  usPerToken: number
}

export interface TestedModel {
  dimensions: number
  /** The tokenizer's last id. */
  highestId: number
  maxTokens: number
  paddingSide: 'left' | 'right'
}

/** `samples`: real token rows. Throws 'model-invalid' with the failed check in `data.problem`. */
export async function testEmbedding(
  embed: RunTokens,
  samples: readonly Int32Array[],
  { dimensions, highestId, maxTokens, paddingSide }: TestedModel,
): Promise<SelfTest> {
  const last = await embed([Int32Array.of(highestId)], 1)
  if (last.length !== dimensions) {
    throw new AppError(
      'model-invalid',
      `the model gives ${last.length} numbers a vector, its files say ${dimensions}`,
      {
        data: { problem: 'dimensions', expected: dimensions, found: last.length },
      },
    )
  }
  const { batching, usPerToken, alone, padded } = await findBatching(embed, samples, maxTokens, paddingSide)
  if (alone.every((vector) => sameBits(vector, alone[0]!))) {
    throw new AppError('model-invalid', 'the model gives every text the same vector', {
      data: { problem: 'constant' },
    })
  }
  let worstCosine = 1
  alone.forEach((vector, i) => {
    const norm = Math.hypot(...vector)
    if (Math.abs(norm - 1) > 1e-4) {
      throw new AppError(
        'model-invalid',
        `the model gives a vector of length ${norm.toFixed(4)} for ordinary text`,
        {
          data: { problem: 'norm' },
        },
      )
    }
    if (sameBits(vector, padded[i]!)) return
    worstCosine = Math.min(
      worstCosine,
      vector.reduce((sum, value, at) => sum + value * padded[i]![at]!, 0),
    )
  })
  return { batching, worstCosine, usPerToken }
}

/** One token, odd numbers, around multiples of 16: where kernels change their way, the last bits change. */
const testLengths = [1, 2, 3, 5, 7, 9, 16, 18, 25, 33, 47, 64]
const padding = 31

/** The freest way of batching in which every row keeps the bits it has alone. For vectors and for scores. */
export async function findBatching(
  run: RunTokens,
  samples: readonly Int32Array[],
  maxTokens: number,
  paddingSide: 'left' | 'right',
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
