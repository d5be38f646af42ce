/** Which texts go together: those of like length, so that little is padding, and no more at once than memory and a waiting query bear. */

export interface Batch {
  /** Positions in the list asked for. */
  rows: number[]
  /** Places a row. */
  length: number
}

/** Padded tokens of one batch. The arena keeps what the largest batch needed, and a query waits for one batch. */
const batchTokens = 4096
const batchRows = 256

/** `together` false: each alone, unpadded. */
export function planBatches(lengths: Int32Array, together: boolean): Batch[] {
  const order = Array.from(lengths, (_, row) => row).sort((a, b) => lengths[b]! - lengths[a]! || a - b)
  const batches: Batch[] = []
  let batch: Batch | null = null
  for (const row of order) {
    const length = Math.max(1, lengths[row]!)
    if (
      !together ||
      !batch ||
      batch.rows.length === batchRows ||
      (batch.rows.length + 1) * batch.length > batchTokens
    ) {
      batch = { rows: [], length }
      batches.push(batch)
    }
    batch.rows.push(row)
  }
  return batches
}
