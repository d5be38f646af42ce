/** Which chunk ids belong to which text: ranges, because a text's chunks are written together. */
import type { IndexReader, TextRow } from '../store/index/index-reader.ts'

export interface TextTable {
  /** Chunks of all texts. */
  readonly chunks: number
  /** One more than the largest chunk id. */
  readonly idEnd: number
  refresh(reader: IndexReader): void
  /** The text a chunk belongs to; null when it is gone. */
  textOf(chunkId: number): TextRow | null
  get(sha256: string): TextRow | null
  all(): readonly TextRow[]
  /** A byte a chunk id: 1 for every chunk of the texts that pass. */
  mask(passes: (sha256: string) => boolean): Uint8Array
}

export function createTextTable(): TextTable {
  let rows: TextRow[] = []
  let bySha = new Map<string, TextRow>()
  let epoch = -1
  let lastId = 0
  let chunks = 0
  let idEnd = 1

  return {
    get chunks() {
      return chunks
    },
    get idEnd() {
      return idEnd
    },
    refresh(reader) {
      const current = reader.epoch()
      if (current !== epoch) {
        rows = []
        bySha = new Map()
        lastId = 0
        chunks = 0
        epoch = current
      }
      for (const row of reader.textsAfter(lastId)) {
        lastId = row.id
        bySha.set(row.sha256, row)
        if (row.chunks === 0) continue
        rows.push(row)
        chunks += row.chunks
        idEnd = Math.max(idEnd, row.firstChunk + row.chunks)
      }
    },
    textOf(chunkId) {
      // Later texts have later chunks, so rows are in order of both.
      let low = 0
      let high = rows.length
      while (low < high) {
        const middle = (low + high) >> 1
        if (rows[middle]!.firstChunk <= chunkId) low = middle + 1
        else high = middle
      }
      const row = rows[low - 1]
      return row && chunkId < row.firstChunk + row.chunks ? row : null
    },
    get: (sha256) => bySha.get(sha256) ?? null,
    all: () => rows,
    mask(passes) {
      const mask = new Uint8Array(idEnd)
      for (const row of rows)
        if (passes(row.sha256)) mask.fill(1, row.firstChunk, row.firstChunk + row.chunks)
      return mask
    },
  }
}
