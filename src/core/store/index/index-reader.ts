/** What a search reads of index-*.db: statements only, no memory of its own. Opened read-only, on the search thread. */
import type { ChunkPage } from '../../chunk/types.ts'
import { openIndexDatabase, type OpenIndexOptions } from './index-store.ts'

export interface ChunkRow {
  id: number
  ordinal: number
  text: string
  headings: string[]
  /** What the model embedded before the text. */
  prefix: string
  charStart: number
  charEnd: number
  overlapChars: number
  pageStart: number | null
  pageEnd: number | null
  pages: ChunkPage[]
  lineStart: number | null
  lineEnd: number | null
}

export interface TextRow {
  id: number
  sha256: string
  firstChunk: number
  chunks: number
}

/** Weights of the columns title, headings, words, derived in BM25. */
export type ColumnWeights = readonly [title: number, headings: number, words: number, derived: number]

export type IndexReader = ReturnType<typeof openIndexReader>

export function openIndexReader(path: string, options: Omit<OpenIndexOptions, 'readonly'> = {}) {
  const connection = openIndexDatabase(path, { ...options, readonly: true })
  let allowed: Uint8Array | null = null
  connection.function('chunk_allowed', { directOnly: true }, (id) => allowed![id as number] ?? 0)

  const uuid = connection.prepare("SELECT value FROM meta WHERE key = 'uuid'").pluck().get() as string
  const epoch = connection.prepare("SELECT value FROM meta WHERE key = 'epoch'").pluck()
  const dataVersion = connection.prepare('PRAGMA data_version').pluck()
  const textsAfter = connection.prepare<[number], TextRow>(
    'SELECT id, sha256, first_chunk AS firstChunk, chunks FROM texts WHERE id > ? ORDER BY id',
  )
  const frequent = connection.prepare<[], { term: string; chunks: number }>(
    'SELECT term, chunks FROM frequent',
  )
  type Ranked = [number, number, number, number, string, number]
  const ranked = connection.prepare<Ranked, { id: number; score: number }>(
    'SELECT rowid AS id, bm25(keywords, ?, ?, ?, ?) AS score FROM keywords WHERE keywords MATCH ? ORDER BY score LIMIT ?',
  )
  // The filter runs before the score, so a narrow one makes a search cheaper.
  const rankedAllowed = connection.prepare<Ranked, { id: number; score: number }>(
    'SELECT rowid AS id, bm25(keywords, ?, ?, ?, ?) AS score FROM keywords WHERE keywords MATCH ? AND chunk_allowed(rowid) ORDER BY score LIMIT ?',
  )
  const matching = connection
    .prepare<[string], number>('SELECT rowid FROM keywords WHERE keywords MATCH ?')
    .pluck()
  const matchingCount = connection
    .prepare<[string], number>('SELECT count(*) FROM keywords WHERE keywords MATCH ?')
    .pluck()
  const chunkColumns = `id, ordinal, text, headings, prefix, char_start AS charStart, char_end AS charEnd, overlap_chars AS overlapChars,
     page_start AS pageStart, page_end AS pageEnd, pages, line_start AS lineStart, line_end AS lineEnd`
  const chunksIn = connection.prepare<[string], RawChunk>(
    `SELECT ${chunkColumns} FROM chunks WHERE id IN (SELECT value FROM json_each(?))`,
  )
  const chunksBetween = connection.prepare<[number, number], RawChunk>(
    `SELECT ${chunkColumns} FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id`,
  )
  const placesIn = connection.prepare<[string], { id: number; pageStart: number | null }>(
    'SELECT id, page_start AS pageStart FROM chunks WHERE id IN (SELECT value FROM json_each(?))',
  )
  const startsIn = connection.prepare<[number, string], { id: number; start: string }>(
    'SELECT id, substr(text, 1, ?) AS start FROM chunks WHERE id IN (SELECT value FROM json_each(?))',
  )

  return {
    uuid,
    /** Changes when another connection wrote; compare, do not order. */
    version: () => dataVersion.get() as number,
    /** Grows when a text went away or was replaced. */
    epoch: () => Number(epoch.get()),
    textsAfter: (id: number) => textsAfter.all(id),
    frequentTerms: () => new Map(frequent.all().map((row) => [row.term, row.chunks])),

    /** Best rows by BM25 (k1 1.2, b 0.75), highest first; `only` holds 1 at each chunk id that may answer. */
    match(expression: string, weights: ColumnWeights, limit: number, only: Uint8Array | null) {
      allowed = only
      const [title, headings, words, derived] = weights
      const rows = (only ? rankedAllowed : ranked).all(title, headings, words, derived, expression, limit)
      return rows.map((row) => ({ id: row.id, score: -row.score }))
    },
    /** Every chunk that matches, in order of id. */
    matchAll: (expression: string) => matching.all(expression),
    count: (expression: string) => matchingCount.get(expression)!,

    chunks(ids: readonly number[]): Map<number, ChunkRow> {
      return new Map(chunksIn.all(JSON.stringify(ids)).map((row) => [row.id, toChunk(row)]))
    },
    chunksBetween: (first: number, last: number): ChunkRow[] => chunksBetween.all(first, last).map(toChunk),
    /** The first characters of each chunk. */
    starts: (ids: readonly number[], characters: number): Map<number, string> =>
      new Map(startsIn.all(characters, JSON.stringify(ids)).map((row) => [row.id, row.start])),
    pages: (ids: readonly number[]): Map<number, number | null> =>
      new Map(placesIn.all(JSON.stringify(ids)).map((row) => [row.id, row.pageStart])),

    close: () => void connection.close(),
  }
}

type RawChunk = Omit<ChunkRow, 'headings' | 'prefix' | 'pages'> & {
  headings: string
  prefix: string | null
  pages: string | null
}

const toChunk = (row: RawChunk): ChunkRow => ({
  ...row,
  headings: JSON.parse(row.headings) as string[],
  prefix: row.prefix ?? '',
  pages: row.pages === null ? [] : (JSON.parse(row.pages) as ChunkPage[]),
})
