/** What search asks of the truth, read-only and from its own thread: which documents stand on a text, and which pass a filter. */
import { join } from 'node:path'
import type { Condition, DocumentFilter, DocumentLookup, SearchDocument } from '../../search/documents.ts'
import { isEmptyFilter } from '../../search/documents.ts'
import { openDatabase } from '../open.ts'
import { libraryFileName } from './library.ts'
import { documentColumns, nameWithoutExtension, toSummary, type DocumentRow } from './rows.ts'
import { libraryMigrations } from './schema.ts'

/** Names people type for a kind. */
const kindAliases: Record<string, string> = {
  md: 'markdown',
  note: 'markdown',
  notes: 'markdown',
  笔记: 'markdown',
  txt: 'text',
  文本: 'text',
}

export function openLibraryReader(libraryDir: string): DocumentLookup {
  const connection = openDatabase(join(libraryDir, libraryFileName), {
    readonly: true,
    synchronous: 'NORMAL',
    migrations: libraryMigrations,
  })
  const live = connection.prepare<
    [],
    {
      index_file: string
      vectors_file: string
      space: string
      dimensions: number
      generation: number
      behind: number
    }
  >(
    'SELECT t.index_file, t.vectors_file, t.space, t.dimensions, l.generation, l.behind FROM live l JOIN targets t ON t.id = l.target_id',
  )

  return {
    live() {
      const row = live.get()
      if (!row) return null
      return {
        indexPath: join(libraryDir, row.index_file),
        vectorsPath: join(libraryDir, row.vectors_file),
        space: row.space,
        dimensions: row.dimensions,
        generation: row.generation,
        behind: row.behind === 1,
      }
    },

    version: () => connection.pragma('data_version', { simple: true }) as number,

    byTexts(sha256s, filter) {
      const { sql, parameters } = filterSql(filter)
      const rows = connection
        .prepare(
          `SELECT ${documentColumns} WHERE d.sha256 IN (SELECT value FROM json_each(?)) AND d.status <> 'removed' ${sql} ORDER BY d.id`,
        )
        .all(JSON.stringify(sha256s), ...parameters) as DocumentRow[]
      const found = new Map<string, SearchDocument[]>()
      for (const row of rows) {
        const documents = found.get(row.sha256!) ?? []
        documents.push(toSearchDocument(row))
        found.set(row.sha256!, documents)
      }
      return found
    },

    allowed(filter) {
      if (isEmptyFilter(filter)) return null
      const { sql, parameters } = filterSql(filter)
      const rows = connection
        .prepare(
          `SELECT DISTINCT d.sha256 FROM documents d WHERE d.sha256 IS NOT NULL AND d.status <> 'removed' ${sql}`,
        )
        .all(...parameters) as { sha256: string }[]
      return new Set(rows.map((row) => row.sha256))
    },

    hidden() {
      const rows = connection
        .prepare(
          `SELECT DISTINCT d.sha256 FROM documents d WHERE d.status = 'removed' AND d.sha256 IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM documents o WHERE o.sha256 = d.sha256 AND o.status <> 'removed')`,
        )
        .all() as { sha256: string }[]
      return new Set(rows.map((row) => row.sha256))
    },

    names(expression, filter, limit) {
      const { sql, parameters } = filterSql(filter)
      const rows = connection
        .prepare(
          `SELECT d.*, s.connected AS connected FROM names n JOIN documents d ON d.id = n.rowid JOIN sources s ON s.id = d.source_id
           WHERE names MATCH ? AND d.status <> 'removed' ${sql} ORDER BY bm25(names), d.id LIMIT ?`,
        )
        .all(expression, ...parameters, limit) as DocumentRow[]
      return rows.map(toSummary)
    },

    fields() {
      const rows = connection
        .prepare(
          "SELECT DISTINCT lower(m.key) AS key FROM documents d, json_each(d.metadata) m WHERE d.status <> 'removed'",
        )
        .all() as { key: string }[]
      return new Set(rows.map((row) => row.key))
    },

    waiting: () =>
      (
        connection
          .prepare("SELECT count(*) AS n FROM documents WHERE status IN ('queued', 'indexing')")
          .get() as {
          n: number
        }
      ).n,

    close: () => void connection.close(),
  }
}

function toSearchDocument(row: DocumentRow): SearchDocument {
  return {
    id: row.id,
    sha256: row.sha256!,
    title: row.title ?? nameWithoutExtension(row.name),
    path: row.path,
    kind: row.kind,
    status: row.status,
    date: row.date,
    tags: JSON.parse(row.tags) as string[],
    connected: row.connected === 1,
  }
}

/** Conditions on `d`, each beginning with AND. */
function filterSql(filter: DocumentFilter): { sql: string; parameters: unknown[] } {
  const parts: string[] = []
  const parameters: unknown[] = []
  const add = (sql: string, ...values: unknown[]) => {
    parts.push(`AND ${sql}`)
    parameters.push(...values)
  }
  if (filter.kinds?.length) add('d.kind IN (SELECT value FROM json_each(?))', JSON.stringify(filter.kinds))
  if (filter.folders?.length) {
    const one = "(d.folder = ? OR substr(d.folder, 1, length(?) + 1) = ? || '/')"
    add(
      `(${filter.folders.map(() => one).join(' OR ')})`,
      ...filter.folders.flatMap((folder) => [folder, folder, folder]),
    )
  }
  if (filter.tags?.length) {
    add(
      'EXISTS (SELECT 1 FROM json_each(d.tags) t WHERE lower(t.value) IN (SELECT lower(value) FROM json_each(?)))',
      JSON.stringify(filter.tags),
    )
  }
  if (filter.after !== undefined) add('d.date >= ?', filter.after)
  // A date with a time of day is still that day.
  if (filter.before !== undefined) add('substr(d.date, 1, 10) <= ?', filter.before)
  if (filter.documentIds?.length) {
    add('d.id IN (SELECT value FROM json_each(?))', JSON.stringify(filter.documentIds))
  }
  for (const condition of filter.conditions ?? []) {
    const { sql, values } = conditionSql(condition)
    add(condition.not ? `NOT coalesce(${sql}, 0)` : sql, ...values)
  }
  return { sql: parts.join(' '), parameters }
}

function conditionSql({ field, key, value }: Condition): { sql: string; values: unknown[] } {
  const lower = value.toLowerCase()
  switch (field) {
    case 'kind':
      // A kind, or the ending of a name: type:epub finds what is known by name only.
      return {
        sql: "(d.kind = ? OR lower(d.name) LIKE '%.' || ? ESCAPE '\\')",
        values: [kindAliases[lower] ?? lower, escapeLike(lower)],
      }
    case 'tag':
      // A tag stands for those nested under it: tag:work finds work/2024.
      return {
        sql: "EXISTS (SELECT 1 FROM json_each(d.tags) t WHERE lower(t.value) = ? OR lower(t.value) LIKE ? || '/%' ESCAPE '\\')",
        values: [lower, escapeLike(lower)],
      }
    case 'in':
      return { sql: 'instr(lower(d.path), ?) > 0', values: [lower] }
    case 'author':
      return metadataSql('author', lower)
    case 'metadata':
      return metadataSql(key, lower)
  }
}

const metadataSql = (key: string, lower: string) => ({
  sql: 'EXISTS (SELECT 1 FROM json_each(d.metadata) m WHERE lower(m.key) = ? AND instr(lower(m.value), ?) > 0)',
  values: [key, lower],
})

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&')
