/** Which texts go together: those of like length, so that little is padding, and no more at once than memory and a waiting query bear. */
import type { Batching } from '../models/batching.ts'

export interface Batch {
  /** Positions in the list asked for. */
  rows: number[]
  /** Places a row. */
  length: number
}

const maxBatchTokens = 4096
const maxBatchRows = 256

/**
 * Padded tokens of one batch that takes about `ms`. Small is faster for an encoder, whose activations then stay in the
 * cache (MiniLM's size: 300 µs a token at 4,000 tokens a batch, 250 at 500), and a query or an abort waits for one
 * batch only. A static model is all overhead, so it gets many at once.
 */
export const tokensFor = (ms: number, usPerToken: number): number =>
  Math.min(maxBatchTokens, Math.max(1, Math.round((ms * 1000) / usPerToken)))

export function planBatches(lengths: Int32Array, batching: Batching, tokens = maxBatchTokens): Batch[] {
  const order = Array.from(lengths, (_, row) => row).sort((a, b) => lengths[b]! - lengths[a]! || a - b)
  const batches: Batch[] = []
  let batch: Batch | null = null
  for (const row of order) {
    const length = Math.max(1, lengths[row]!)
    const joins =
      batch !== null &&
      batching !== 'alone' &&
      (batching === 'padded' || batch.length === length) &&
      batch.rows.length < maxBatchRows &&
      (batch.rows.length + 1) * batch.length <= tokens
    if (!batch || !joins) {
      batch = { rows: [], length }
      batches.push(batch)
    }
    batch.rows.push(row)
  }
  return batches
}
