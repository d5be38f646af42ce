/** Documents: known by name at once, read later, removed with a way back. */
import type { DocumentQuery } from '../../../shared/contract.ts'
import type {
  DocumentKind,
  DocumentStatus,
  DocumentSummary,
  Reason,
  ReasonCode,
} from '../../../shared/document.ts'
import type { Connection } from '../open.ts'
import { documentColumns, nameWithoutExtension, toSummary, type DocumentRow } from './rows.ts'

export interface FoundFile {
  /** Relative to its source, '/' separated. */
  relPath: string
  /** As the person knows it; unique in the library. */
  path: string
  kind: DocumentKind
  sizeBytes: number
  mtimeMs: number
  /** Name of the managed copy, for an uploaded file. */
  storedSha256?: string
}

export interface ReadResult {
  sha256: string
  title: string | null
  date: string | null
  tags: string[]
  metadata: Record<string, string>
  pages: number | null
  chunks: number
  partial: Reason | null
}

export type DocumentStore = ReturnType<typeof createDocumentStore>

/** Small notes are read first, then small files, then the rest. */
function priorityOf(kind: DocumentKind, sizeBytes: number): number {
  if (kind !== 'pdf' && sizeBytes < 1_000_000) return 0
  return sizeBytes < 5_000_000 ? 1 : 2
}

/** `nameTokens` is the one tokenising function of keyword search, joined by spaces: names match as text does [SE1]. */
export function createDocumentStore(connection: Connection, nameTokens: (text: string) => string) {
  const byId = connection.prepare<[number], DocumentRow>(`SELECT ${documentColumns} WHERE d.id = ?`)
  const byPath = connection.prepare<[string], DocumentRow>(`SELECT ${documentColumns} WHERE d.path = ?`)
  const insertDocument = connection.prepare(`
    INSERT INTO documents (source_id, rel_path, path, folder, name, kind, date, stored_sha256, size, mtime_ms, status, added_at)
    VALUES (@sourceId, @relPath, @path, @folder, @name, @kind, @date, @storedSha256, @size, @mtimeMs, 'queued', @now)`)
  const changeDocument = connection.prepare(`
    UPDATE documents SET source_id = @sourceId, rel_path = @relPath, folder = @folder, kind = @kind, size = @size,
      mtime_ms = @mtimeMs, stored_sha256 = @storedSha256, status = 'queued', removed_at = NULL, reason = NULL
    WHERE id = @id`)
  const rehome = connection.prepare(
    'UPDATE documents SET source_id = @sourceId, rel_path = @relPath, folder = @folder WHERE id = @id',
  )
  const enqueueJob = connection.prepare(`
    INSERT INTO jobs (document_id, priority) VALUES (?, ?)
    ON CONFLICT (document_id) DO UPDATE SET priority = excluded.priority, attempts = 0`)
  const dropJob = connection.prepare('DELETE FROM jobs WHERE document_id = ?')
  const dropName = connection.prepare('DELETE FROM names WHERE rowid = ?')
  const addName = connection.prepare('INSERT INTO names (rowid, name, title) VALUES (?, ?, ?)')
  const excluded = connection.prepare<[string], { path: string }>(
    'SELECT path FROM exclusions WHERE path = ?',
  )
  const unexclude = connection.prepare('DELETE FROM exclusions WHERE path = ?')

  function indexName(id: number, name: string, title: string | null): void {
    dropName.run(BigInt(id))
    addName.run(BigInt(id), nameTokens(name), title === null ? '' : nameTokens(title))
  }

  function enqueue(id: number, kind: DocumentKind, sizeBytes: number): void {
    enqueueJob.run(id, priorityOf(kind, sizeBytes))
  }

  /** One file as found: new and changed ones are queued. `explicit` lifts an exclusion; a watcher's find does not. */
  function upsertOne(
    sourceId: number,
    file: FoundFile,
    explicit: boolean,
    now: string,
  ): 'new' | 'changed' | 'unchanged' | 'excluded' {
    if (explicit) unexclude.run(file.path)
    else if (excluded.get(file.path)) return 'excluded'
    const slash = file.relPath.lastIndexOf('/')
    const values = {
      sourceId,
      relPath: file.relPath,
      path: file.path,
      folder: slash < 0 ? '' : file.relPath.slice(0, slash),
      name: file.relPath.slice(slash + 1),
      kind: file.kind,
      size: file.sizeBytes,
      mtimeMs: Math.round(file.mtimeMs),
      storedSha256: file.storedSha256 ?? null,
      date: new Date(file.mtimeMs).toISOString().slice(0, 10),
      now,
    }
    const known = byPath.get(file.path)
    if (!known) {
      const id = Number(insertDocument.run(values).lastInsertRowid)
      indexName(id, values.name, null)
      enqueue(id, file.kind, file.sizeBytes)
      return 'new'
    }
    const same =
      known.size === values.size &&
      (values.storedSha256 === null
        ? known.mtime_ms === values.mtimeMs
        : known.stored_sha256 === values.storedSha256)
    const there = known.status !== 'removed'
    if (same && there && known.reason === null) {
      if (known.source_id !== sourceId || known.rel_path !== file.relPath)
        rehome.run({ ...values, id: known.id })
      return 'unchanged'
    }
    // The same bytes that failed before fail again; only an explicit add tries them once more.
    if (same && there && !explicit) return 'unchanged'
    changeDocument.run({ ...values, id: known.id })
    enqueue(known.id, file.kind, file.sizeBytes)
    return 'changed'
  }

  const where = (query: DocumentQuery): { sql: string; parameters: unknown[] } => {
    const parts = query.statuses ? [] : ["d.status <> 'removed'"]
    const parameters: unknown[] = []
    const within = (column: string, values: readonly string[] | undefined) => {
      if (!values || values.length === 0) return
      parts.push(`${column} IN (SELECT value FROM json_each(?))`)
      parameters.push(JSON.stringify(values))
    }
    within('d.status', query.statuses)
    within('d.kind', query.kinds)
    within("json_extract(d.reason, '$.code')", query.reasons)
    if (query.folders && query.folders.length > 0) {
      parts.push(
        `(${query.folders.map(() => "(d.folder = ? OR substr(d.folder, 1, length(?) + 1) = ? || '/')").join(' OR ')})`,
      )
      for (const folder of query.folders) parameters.push(folder, folder, folder)
    }
    if (query.tags && query.tags.length > 0) {
      parts.push(
        'EXISTS (SELECT 1 FROM json_each(d.tags) t WHERE t.value IN (SELECT value FROM json_each(?)))',
      )
      parameters.push(JSON.stringify(query.tags))
    }
    const text = query.text.trim()
    if (text) {
      // A list is filtered by what the person sees, so by substring; ranked name search is keyword search's.
      parts.push("(instr(lower(d.name), lower(?)) > 0 OR instr(lower(coalesce(d.title, '')), lower(?)) > 0)")
      parameters.push(text, text)
    }
    return { sql: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '', parameters }
  }

  const orders = {
    added: 'd.id',
    date: 'd.date',
    title: 'coalesce(d.title, d.name) COLLATE NOCASE',
    size: 'd.size',
  } as const

  return {
    get(id: number): DocumentRow | null {
      return byId.get(id) ?? null
    },

    summary(id: number): DocumentSummary | null {
      const row = byId.get(id)
      return row ? toSummary(row) : null
    },

    /** One transaction for the whole batch. Returns how many were new or changed, and how many unchanged. */
    upsert(
      sourceId: number,
      files: readonly FoundFile[],
      explicit: boolean,
    ): { queued: number; unchanged: number } {
      const now = new Date().toISOString()
      let queued = 0
      let unchanged = 0
      connection
        .transaction(() => {
          for (const file of files) {
            const outcome = upsertOne(sourceId, file, explicit, now)
            if (outcome === 'new' || outcome === 'changed') queued++
            if (outcome === 'unchanged') unchanged++
          }
        })
        .immediate()
      return { queued, unchanged }
    },

    idOfPath(path: string): number | null {
      return byPath.get(path)?.id ?? null
    },

    list(query: DocumentQuery): { documents: DocumentSummary[]; total: number } {
      const { sql, parameters } = where(query)
      const total = connection.prepare(`SELECT count(*) AS n FROM documents d ${sql}`).get(...parameters) as {
        n: number
      }
      const direction = query.descending ? 'DESC' : 'ASC'
      const rows = connection
        .prepare(
          `SELECT ${documentColumns} ${sql} ORDER BY ${orders[query.sort]} ${direction}, d.id ${direction} LIMIT ? OFFSET ?`,
        )
        .all(...parameters, query.limit, query.offset) as DocumentRow[]
      return { documents: rows.map(toSummary), total: total.n }
    },

    copies(id: number): DocumentSummary[] {
      const rows = connection
        .prepare(
          `SELECT ${documentColumns} WHERE d.id <> @id AND d.status <> 'removed' AND d.sha256 = (SELECT sha256 FROM documents WHERE id = @id)`,
        )
        .all({ id }) as DocumentRow[]
      return rows.map(toSummary)
    },

    folders(): { path: string; documents: number }[] {
      return connection
        .prepare(
          "SELECT folder AS path, count(*) AS documents FROM documents WHERE status <> 'removed' AND folder <> '' GROUP BY folder ORDER BY folder LIMIT 5000",
        )
        .all() as { path: string; documents: number }[]
    },

    tags(): { tag: string; documents: number }[] {
      return connection
        .prepare(
          "SELECT t.value AS tag, count(*) AS documents FROM documents d, json_each(d.tags) t WHERE d.status <> 'removed' GROUP BY t.value ORDER BY documents DESC LIMIT 2000",
        )
        .all() as { tag: string; documents: number }[]
    },

    byStatus(): Map<DocumentStatus, number> {
      const rows = connection
        .prepare('SELECT status, count(*) AS n FROM documents GROUP BY status')
        .all() as {
        status: DocumentStatus
        n: number
      }[]
      return new Map(rows.map((row) => [row.status, row.n]))
    },

    byReason(): { reason: ReasonCode; documents: number }[] {
      return connection
        .prepare(
          "SELECT json_extract(reason, '$.code') AS reason, count(*) AS documents FROM documents WHERE reason IS NOT NULL AND status IN ('failed', 'partial') GROUP BY 1 ORDER BY 2 DESC",
        )
        .all() as { reason: ReasonCode; documents: number }[]
    },

    /** sha256 of every document that says it is indexed, with how many say so. */
    claimedIndexed(): Map<string, { indexed: number; partial: number }> {
      const rows = connection
        .prepare(
          "SELECT sha256, sum(status = 'indexed') AS indexed, sum(status = 'partial') AS partial FROM documents WHERE status IN ('indexed', 'partial') AND sha256 IS NOT NULL GROUP BY sha256",
        )
        .all() as { sha256: string; indexed: number; partial: number }[]
      return new Map(rows.map((row) => [row.sha256, row]))
    },

    /** Hidden at once, kept for undo; its path is excluded so that its folder does not bring it back. */
    remove(ids: readonly number[]): number {
      const hide = connection.prepare(
        "UPDATE documents SET status_before = status, status = 'removed', removed_at = ? WHERE id = ? AND status <> 'removed'",
      )
      const exclude = connection.prepare(
        'INSERT OR IGNORE INTO exclusions (path) SELECT path FROM documents WHERE id = ?',
      )
      const now = new Date().toISOString()
      return connection
        .transaction(() => {
          let done = 0
          for (const id of ids) {
            exclude.run(id)
            dropJob.run(id)
            done += hide.run(now, id).changes
          }
          return done
        })
        .immediate()
    },

    /** What was waiting when removed waits again; what was indexed is indexed still, its chunks were kept. */
    restore(ids: readonly number[]): number {
      return connection
        .transaction(() => {
          let done = 0
          for (const id of ids) {
            const row = byId.get(id)
            if (!row || row.status !== 'removed') continue
            unexclude.run(row.path)
            const before = row.status_before ?? 'queued'
            const waits = before === 'queued' || before === 'indexing'
            connection
              .prepare(
                'UPDATE documents SET status = ?, status_before = NULL, removed_at = NULL WHERE id = ?',
              )
              .run(waits ? 'queued' : before, id)
            // Its text may have been swept meanwhile; the job finds that out and reads the file again.
            if (before !== 'failed') enqueue(id, row.kind, row.size)
            done++
          }
          return done
        })
        .immediate()
    },

    /** Rows of removed documents older than `beforeIso` go for good. Returns how many. */
    purgeRemoved(beforeIso: string): number {
      return connection
        .transaction(() => {
          const ids = connection
            .prepare("SELECT id FROM documents WHERE status = 'removed' AND removed_at < ?")
            .all(beforeIso) as { id: number }[]
          for (const { id } of ids) {
            dropName.run(BigInt(id))
            connection.prepare('DELETE FROM documents WHERE id = ?').run(id)
          }
          return ids.length
        })
        .immediate()
    },

    /** Deletes rows for good, at once. */
    erase(ids: readonly number[]): void {
      connection
        .transaction(() => {
          for (const id of ids) {
            dropName.run(BigInt(id))
            connection
              .prepare('DELETE FROM exclusions WHERE path = (SELECT path FROM documents WHERE id = ?)')
              .run(id)
            connection.prepare('DELETE FROM documents WHERE id = ?').run(id)
          }
        })
        .immediate()
    },

    /** Failed, partial and cancelled documents are queued again; all of them without `ids`. */
    retry(ids?: readonly number[]): number {
      const rows = (
        ids
          ? ids.flatMap((id) => byId.get(id) ?? [])
          : (connection
              .prepare(`SELECT ${documentColumns} WHERE d.status IN ('failed', 'partial')`)
              .all() as DocumentRow[])
      ).filter((row) => row.status !== 'removed')
      connection
        .transaction(() => {
          for (const row of rows) {
            connection
              .prepare("UPDATE documents SET status = 'queued', reason = NULL WHERE id = ?")
              .run(row.id)
            enqueue(row.id, row.kind, row.size)
          }
        })
        .immediate()
      return rows.length
    },

    /** Names of the managed copies some document still stands on, removed ones with undo included. */
    storedFiles(): Set<string> {
      return new Set(
        (
          connection
            .prepare('SELECT DISTINCT stored_sha256 AS sha256 FROM documents WHERE stored_sha256 IS NOT NULL')
            .all() as { sha256: string }[]
        ).map((row) => row.sha256),
      )
    },

    /** Which of these file names other documents have, removed ones included. */
    namesLike(names: readonly string[]): string[] {
      return (
        connection
          .prepare('SELECT DISTINCT name FROM documents WHERE name IN (SELECT value FROM json_each(?))')
          .all(JSON.stringify(names)) as { name: string }[]
      ).map((row) => row.name)
    },

    /** Paths of a source's documents, for a rescan to see what is gone. */
    ofSource(
      sourceId: number,
    ): { id: number; path: string; relPath: string; size: number; mtimeMs: number }[] {
      return connection
        .prepare(
          "SELECT id, path, rel_path AS relPath, size, mtime_ms AS mtimeMs FROM documents WHERE source_id = ? AND status <> 'removed'",
        )
        .all(sourceId) as { id: number; path: string; relPath: string; size: number; mtimeMs: number }[]
    },

    /** The file is gone from a folder that is there: its document goes too, without an exclusion, so it may come back. */
    vanish(ids: readonly number[]): void {
      connection
        .transaction(() => {
          for (const id of ids) {
            dropJob.run(id)
            connection
              .prepare(
                "UPDATE documents SET status_before = status, status = 'removed', removed_at = ? WHERE id = ? AND status <> 'removed'",
              )
              .run(new Date().toISOString(), id)
          }
        })
        .immediate()
    },

    /** Reading it succeeded: one transaction with the end of its job. */
    markRead(id: number, read: ReadResult): void {
      connection
        .transaction(() => {
          const row = byId.get(id)
          if (!row || row.status === 'removed') return
          connection
            .prepare(
              `UPDATE documents SET sha256 = @sha256, title = @title, date = coalesce(@date, date), tags = @tags,
                 metadata = @metadata, pages = @pages, chunks = @chunks, status = @status, reason = @reason WHERE id = @id`,
            )
            .run({
              id,
              sha256: read.sha256,
              title: read.title,
              date: read.date,
              tags: JSON.stringify(read.tags),
              metadata: JSON.stringify(read.metadata),
              pages: read.pages,
              chunks: read.chunks,
              status: read.partial ? 'partial' : 'indexed',
              reason: read.partial ? JSON.stringify(read.partial) : null,
            })
          indexName(id, row.name, read.title === nameWithoutExtension(row.name) ? null : read.title)
          dropJob.run(id)
        })
        .immediate()
    },

    markFailed(id: number, reason: Reason, sha256: string | null): void {
      connection
        .transaction(() => {
          connection
            .prepare(
              "UPDATE documents SET status = 'failed', reason = ?, sha256 = ?, chunks = 0 WHERE id = ? AND status <> 'removed'",
            )
            .run(JSON.stringify(reason), sha256, id)
          dropJob.run(id)
        })
        .immediate()
    },
  }
}
