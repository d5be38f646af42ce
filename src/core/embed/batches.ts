/** Which texts go together: those of like length, so that little is padding, and no more at once than memory and a waiting query bear. */
import type { Batching } from '../models/self-test.ts'

export interface Batch {
  /** Positions in the list asked for. */
  rows: number[]
  /** Places a row. */
  length: number
}

/** Padded tokens of one batch. The arena keeps what the largest batch needed, and a query waits for one batch. */
const batchTokens = 4096
const batchRows = 256

export function planBatches(lengths: Int32Array, batching: Batching): Batch[] {
  const order = Array.from(lengths, (_, row) => row).sort((a, b) => lengths[b]! - lengths[a]! || a - b)
  const batches: Batch[] = []
  let batch: Batch | null = null
  for (const row of order) {
    const length = Math.max(1, lengths[row]!)
    const joins =
      batch !== null &&
      batching !== 'alone' &&
      (batching === 'padded' || batch.length === length) &&
      batch.rows.length < batchRows &&
      (batch.rows.length + 1) * batch.length <= batchTokens
    if (!batch || !joins) {
      batch = { rows: [], length }
      batches.push(batch)
    }
    batch.rows.push(row)
  }
  return batches
}
