/**
 * index-<chunking>.db: the chunks of one chunking and their keyword rows. One writer; readers open it read-only.
 * Refuses a file made by another recipe or layout: it is derived, so its owner rebuilds it.
 */
import { randomUUID } from 'node:crypto'
import { AppError } from '../../../shared/errors.ts'
import type { Chunk } from '../../chunk/types.ts'
import { indexedTokens, keywordTokensVersion, nameTokens } from '../../search/keyword-tokens.ts'
import { nameDifferences } from '../differences.ts'
import { openDatabase, type Connection } from '../open.ts'
import type { IndexStore } from '../types.ts'
import { indexLayout, indexSchema } from './schema.ts'

export interface IndexText {
  sha256: string
  title: string | null
  chunks: readonly Chunk[]
}

export interface WritableIndexStore extends IndexStore {
  /** Several texts in one transaction: all or none of them. */
  putMany(texts: readonly IndexText[]): void
  /** Merges the keyword index into one piece and empties the log, so that no dropped term remains in the file [DA5]. */
  purge(): void
}

export interface OpenIndexOptions {
  readonly?: boolean
  /** Signature of what cut the chunks; left out, it is not compared (a reader that follows what the library says is live). */
  recipe?: string
  /** Every field of it, written into a new file so that a refusal can name those that differ [MO1]. */
  recipeFields?: Readonly<Record<string, unknown>>
}

export function openIndexStore(path: string, options: OpenIndexOptions = {}): WritableIndexStore {
  return createIndexStore(openIndexDatabase(path, options))
}

/** Opened and checked; search reads through it with statements of its own in store/index/index-reader.ts. */
export function openIndexDatabase(
  path: string,
  { readonly = false, recipe, recipeFields }: OpenIndexOptions = {},
): Connection {
  const connection = openDatabase(path, { readonly, synchronous: 'NORMAL', migrations: [indexSchema] })
  try {
    // Another version of the keyword tokens only offers a reindex: the file stays readable, and says so in the recipe.
    const ours = { layout: indexLayout, ...(recipe === undefined ? {} : { recipe }) }
    if (!readonly) {
      connection
        .transaction(() => {
          if (connection.prepare('SELECT 1 FROM meta').get()) return
          const add = connection.prepare('INSERT INTO meta (key, value) VALUES (?, ?)')
          for (const [key, value] of Object.entries({
            uuid: randomUUID(),
            epoch: '0',
            recipe: '',
            keywords: keywordTokensVersion,
            recipe_fields: JSON.stringify(recipeFields ?? {}),
            ...ours,
          })) {
            add.run(key, value)
          }
        })
        .immediate()
    }
    const found = new Map(
      (connection.prepare('SELECT key, value FROM meta').all() as { key: string; value: string }[]).map(
        (row) => [row.key, row.value],
      ),
    )
    const different = Object.entries(ours).filter(([key, value]) => found.get(key) !== value)
    if (different.length > 0) {
      const { names, text } = nameDifferences(different, found, { recipe: ['recipe_fields', recipeFields] })
      throw new AppError('space-mismatch', `the index was made with another ${text}; rebuild it`, {
        data: { path, fields: names },
      })
    }
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

function createIndexStore(connection: Connection): WritableIndexStore {
  const uuid = connection.prepare("SELECT value FROM meta WHERE key = 'uuid'").pluck().get() as string
  const textRow = connection.prepare<[string], { id: number; first_chunk: number; chunks: number }>(
    'SELECT id, first_chunk, chunks FROM texts WHERE sha256 = ?',
  )
  const chunkRange = connection.prepare<
    [number, number],
    {
      id: number
      input_hash: Buffer
      tokens: number
      truncated: number
      prefix: string | null
      input: string | null
      text: string
    }
  >(
    'SELECT id, input_hash, tokens, truncated, prefix, input, text FROM chunks WHERE id >= ? AND id < ? ORDER BY id',
  )

  // Written only when the file is open for writing; preparing them is free either way.
  const addText = connection.prepare(
    'INSERT INTO texts (sha256, title, first_chunk, chunks) VALUES (?, ?, ?, ?)',
  )
  const setRange = connection.prepare('UPDATE texts SET first_chunk = ? WHERE id = ?')
  const addChunk = connection.prepare(
    `INSERT INTO chunks (text_id, ordinal, char_start, char_end, overlap_chars, page_start, page_end, pages, line_start, line_end,
       tokens, truncated, input_hash, headings, prefix, input, text)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const addKeywords = connection.prepare(
    'INSERT INTO keywords (rowid, title, headings, words, derived) VALUES (?, ?, ?, ?, ?)',
  )
  const dropKeywords = connection.prepare('DELETE FROM keywords WHERE rowid >= ? AND rowid < ?')
  const dropChunks = connection.prepare('DELETE FROM chunks WHERE id >= ? AND id < ?')
  const dropText = connection.prepare('DELETE FROM texts WHERE id = ?')
  const nextEpoch = connection.prepare("UPDATE meta SET value = value + 1 WHERE key = 'epoch'")

  function remove(sha256: string): boolean {
    const row = textRow.get(sha256)
    if (!row) return false
    const first = BigInt(row.first_chunk)
    const end = BigInt(row.first_chunk + row.chunks)
    dropKeywords.run(first, end)
    dropChunks.run(first, end)
    dropText.run(BigInt(row.id))
    return true
  }

  function add({ sha256, title, chunks }: IndexText): void {
    const textId = addText.run(sha256, title, 0n, BigInt(chunks.length)).lastInsertRowid
    const titleTokens = title === null ? '' : nameTokens(title)
    let first = 0n
    let headings: readonly string[] | null = null
    let headingTokens = ''
    for (const chunk of chunks) {
      if (chunk.end <= chunk.start || chunk.text.length === 0) {
        throw new AppError('internal', `chunk ${chunk.ordinal} of ${sha256} is empty`)
      }
      const endsWithText = chunk.input.endsWith(chunk.text)
      const prefix = endsWithText ? chunk.input.slice(0, chunk.input.length - chunk.text.length) : null
      const id = BigInt(
        addChunk.run(
          textId,
          chunk.ordinal,
          chunk.start,
          chunk.end,
          chunk.overlapChars,
          chunk.pageStart,
          chunk.pageEnd,
          chunk.pages.length === 0 ? null : JSON.stringify(chunk.pages),
          chunk.lineStart,
          chunk.lineEnd,
          chunk.tokens,
          chunk.truncated ? 1 : 0,
          Buffer.from(chunk.inputHash, 'hex'),
          JSON.stringify(chunk.headings),
          prefix,
          endsWithText ? null : chunk.input,
          chunk.text,
        ).lastInsertRowid,
      )
      if (first === 0n) first = id
      // Neighbouring chunks share their trail; the title is its root and has a column of its own.
      if (headings === null || !sameList(headings, chunk.headings)) {
        headings = chunk.headings
        headingTokens = nameTokens((headings[0] === title ? headings.slice(1) : headings).join('\n'))
      }
      const tokens = indexedTokens(chunk.text)
      addKeywords.run(id, titleTokens, headingTokens, tokens.words, tokens.derived)
    }
    setRange.run(first, textId)
  }

  const putMany = connection.transaction((texts: readonly IndexText[]) => {
    let replaced = false
    for (const text of texts) {
      if (remove(text.sha256)) replaced = true
      add(text)
    }
    if (replaced) nextEpoch.run()
  })
  const dropOne = connection.transaction((sha256: string) => {
    if (remove(sha256)) nextEpoch.run()
  })

  return {
    uuid,
    has: (sha256) => textRow.get(sha256) !== undefined,
    put: (text) => putMany.immediate([text]),
    putMany: (texts) => void (texts.length > 0 && putMany.immediate(texts)),
    drop: (sha256) => void dropOne.immediate(sha256),
    texts: () => connection.prepare('SELECT sha256 FROM texts ORDER BY id').pluck().all() as string[],

    inputs(sha256) {
      const row = textRow.get(sha256)
      if (!row) return []
      return chunkRange.all(row.first_chunk, row.first_chunk + row.chunks).map((chunk) => ({
        chunkId: chunk.id,
        input: chunk.input ?? `${chunk.prefix ?? ''}${chunk.text}`,
        inputHash: chunk.input_hash.toString('hex'),
        tokens: chunk.tokens,
        truncated: chunk.truncated === 1,
      }))
    },

    chunkIds(sha256) {
      const row = textRow.get(sha256)
      return row ? Array.from({ length: row.chunks }, (_, i) => row.first_chunk + i) : []
    },

    counts() {
      const row = connection
        .prepare<[], { chunks: number; truncated: number | null; max_tokens: number | null }>(
          'SELECT count(*) AS chunks, sum(truncated) AS truncated, max(tokens) AS max_tokens FROM chunks',
        )
        .get()!
      const texts = connection.prepare('SELECT count(*) FROM texts').pluck().get() as number
      return { texts, chunks: row.chunks, truncated: row.truncated ?? 0, maxTokens: row.max_tokens ?? 0 }
    },

    refreshFrequent: () => refreshFrequent(connection),

    check() {
      const faults = (connection.pragma('integrity_check(3)') as { integrity_check: string }[])
        .map((row) => row.integrity_check)
        .filter((text) => text !== 'ok')
      const { chunks, ranges } = connection
        .prepare<[], { chunks: number; ranges: number }>(
          'SELECT (SELECT count(*) FROM chunks) AS chunks, (SELECT coalesce(sum(chunks), 0) FROM texts) AS ranges',
        )
        .get()!
      if (chunks !== ranges) faults.push(`${chunks} chunks stand for ${ranges}`)
      const astray = connection
        .prepare(
          `SELECT count(*) FROM texts t WHERE t.chunks <>
             (SELECT count(*) FROM chunks c WHERE c.id >= t.first_chunk AND c.id < t.first_chunk + t.chunks AND c.text_id = t.id)`,
        )
        .pluck()
        .get() as number
      if (astray > 0) faults.push(`${astray} texts without all their chunks`)
      const unmatched = connection
        .prepare(
          `SELECT (SELECT count(*) FROM keywords_docsize) - (SELECT count(*) FROM chunks)
                + 2 * (SELECT count(*) FROM chunks WHERE id NOT IN (SELECT id FROM keywords_docsize))`,
        )
        .pluck()
        .get() as number
      if (unmatched !== 0) faults.push('chunks and keyword rows do not match')
      return faults.length > 0 ? faults.join('; ') : null
    },

    purge() {
      connection.exec("INSERT INTO keywords (keywords) VALUES ('optimize')")
      refreshFrequent(connection, true)
      connection.pragma('wal_checkpoint(TRUNCATE)')
    },

    close: () => void connection.close(),
  }
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i])

/** Terms in more than this share of chunks, and in at least so many, are listed with their counts. */
const frequentShare = 0.002
const frequentChunks = 100

/**
 * Lists the frequent terms with how many chunks hold each. Reads the whole term list (fts5vocab), which for one term costs
 * as much as a search: so once for all of them, and only when the index grew or shrank by a tenth since.
 */
function refreshFrequent(connection: Connection, force = false): void {
  const chunks = connection.prepare('SELECT count(*) FROM keywords_docsize').pluck().get() as number
  const counted = Number(
    connection.prepare("SELECT value FROM meta WHERE key = 'frequent_of'").pluck().get() ?? -1,
  )
  if (!force && counted >= 0 && Math.abs(chunks - counted) <= counted / 10) return
  connection.exec('CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, keywords, row)')
  const above = Math.max(frequentChunks, chunks * frequentShare)
  connection
    .transaction(() => {
      connection.exec('DELETE FROM frequent')
      connection
        .prepare('INSERT INTO frequent SELECT term, doc FROM temp.vocabulary WHERE doc > ?')
        .run(above)
      connection
        .prepare(
          "INSERT INTO meta VALUES ('frequent_of', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .run(String(chunks))
    })
    .immediate()
}
