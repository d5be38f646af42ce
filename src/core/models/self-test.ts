/**
 * What a model must show before its vectors are trusted [MO2 MO4]: finite unit vectors of the stated dimensions, a vector
 * for every token, and whether a text gets the same bits alone, in a batch and padded. A model that does not is used
 * all the same, one text at a time and unpadded.
 */
import { AppError } from '../../shared/errors.ts'

/** Unit vectors of rows of token ids, padded to `length`. */
export type EmbedRows = (rows: readonly Int32Array[], length: number) => Promise<Float32Array>

export interface SelfTest {
  /** Alone = batched = padded, bit for bit. */
  batchable: boolean
  /** Lowest cosine between a vector made alone and in a batch; 1 when batchable. */
  worstCosine: number
}

/** Lengths that differ in the last bits where anything does: one, odd, beyond a multiple of 16. */
const lengths = [1, 7, 33, 18]

/**
 * `samples`: real token rows, the longest within the limit. `highestId`: the tokenizer's last. Throws 'model-invalid'
 * with the failed check in `data.problem`.
 */
export async function testEmbedding(
  embed: EmbedRows,
  samples: readonly Int32Array[],
  { dimensions, highestId }: { dimensions: number; highestId: number },
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
  const rows = lengths.map((length, i) => {
    const sample = samples[i % samples.length]!
    return Int32Array.from({ length }, (_, at) => sample[at % sample.length]!)
  })
  const longest = Math.max(...lengths)
  const alone = await Promise.all(rows.map((row) => embed([row], row.length)))
  for (const vector of alone) {
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
  }
  let worstCosine = 1
  let batchable = true
  for (const length of [longest, longest + 31]) {
    const batched = await embed(rows, length)
    rows.forEach((_, i) => {
      const vector = batched.subarray(i * dimensions, (i + 1) * dimensions)
      if (sameBits(vector, alone[i]!)) return
      batchable = false
      worstCosine = Math.min(
        worstCosine,
        vector.reduce((sum, value, at) => sum + value * alone[i]![at]!, 0),
      )
    })
  }
  return { batchable, worstCosine }
}

export const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength))
