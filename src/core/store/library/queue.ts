/** The durable queue: a document waits here until it is indexed or has a reason why not [DA1]. */
import type { DocumentKind } from '../../../shared/document.ts'
import type { Connection } from '../open.ts'

export interface Job {
  documentId: number
  path: string
  relPath: string
  /** Name of the managed copy; null for a linked file. */
  storedSha256: string | null
  kind: DocumentKind
  sizeBytes: number
  mtimeMs: number
  /** Times it was taken before this one. */
  attempts: number
}

export type QueueStore = ReturnType<typeof createQueueStore>

export function createQueueStore(connection: Connection) {
  const next = connection.prepare<[number], Job>(`
    SELECT j.document_id AS documentId, d.path, d.rel_path AS relPath, d.stored_sha256 AS storedSha256, d.kind, d.size AS sizeBytes,
      d.mtime_ms AS mtimeMs, j.attempts
    FROM jobs j JOIN documents d ON d.id = j.document_id JOIN sources s ON s.id = d.source_id
    WHERE j.running = 0 AND s.connected = 1 ORDER BY j.attempts > 0, j.priority, j.document_id LIMIT ?`)
  const start = connection.prepare(
    'UPDATE jobs SET running = 1, attempts = attempts + 1 WHERE document_id = ?',
  )
  const indexing = connection.prepare(
    "UPDATE documents SET status = 'indexing' WHERE id = ? AND status <> 'removed'",
  )

  return {
    /**
     * Takes the next jobs, at most `limit` and about `bytes` of them. One that was taken before, and so was in hand
     * when a process died, comes alone: if it kills again, the blame is clear.
     */
    take(limit: number, bytes: number): Job[] {
      return connection
        .transaction(() => {
          const taken: Job[] = []
          let sum = 0
          for (const job of next.all(limit)) {
            if (taken.length > 0 && (job.attempts > 0 || sum + job.sizeBytes > bytes)) break
            start.run(job.documentId)
            indexing.run(job.documentId)
            taken.push(job)
            sum += job.sizeBytes
            if (job.attempts > 0) break
          }
          return taken
        })
        .immediate()
    },

    /** Puts jobs back untouched: the work was stopped, not failed. */
    release(documentIds: readonly number[]): void {
      connection
        .transaction(() => {
          for (const id of documentIds) {
            connection
              .prepare('UPDATE jobs SET running = 0, attempts = max(0, attempts - 1) WHERE document_id = ?')
              .run(id)
            connection
              .prepare("UPDATE documents SET status = 'queued' WHERE id = ? AND status = 'indexing'")
              .run(id)
          }
        })
        .immediate()
    },

    /** At the start of a process: whatever says it runs was cut off. Returns those taken twice already, the poison. */
    recover(): Job[] {
      return connection
        .transaction(() => {
          connection
            .prepare(
              "UPDATE documents SET status = 'queued' WHERE id IN (SELECT document_id FROM jobs WHERE running = 1) AND status = 'indexing'",
            )
            .run()
          connection.prepare('UPDATE jobs SET running = 0 WHERE running = 1').run()
          // A document that waits without a job lost it between two files' writes: give it one.
          connection
            .prepare(
              "INSERT OR IGNORE INTO jobs (document_id, priority) SELECT id, 1 FROM documents WHERE status IN ('queued', 'indexing')",
            )
            .run()
          connection.prepare("UPDATE documents SET status = 'queued' WHERE status = 'indexing'").run()
          return connection
            .prepare<[], Job>(
              `SELECT j.document_id AS documentId, d.path, d.rel_path AS relPath, d.stored_sha256 AS storedSha256, d.kind,
                 d.size AS sizeBytes, d.mtime_ms AS mtimeMs, j.attempts
               FROM jobs j JOIN documents d ON d.id = j.document_id JOIN sources s ON s.id = d.source_id WHERE j.attempts >= 2`,
            )
            .all()
        })
        .immediate()
    },

    /** Everything that waits is taken off; its documents say they were cancelled. */
    cancel(): number {
      return connection
        .transaction(() => {
          const changed = connection
            .prepare(
              'UPDATE documents SET status = \'failed\', reason = \'{"code":"cancelled","data":{}}\' WHERE id IN (SELECT document_id FROM jobs WHERE running = 0) AND status <> \'removed\'',
            )
            .run().changes
          connection.prepare('DELETE FROM jobs WHERE running = 0').run()
          return changed
        })
        .immediate()
    },

    waiting(): number {
      return (
        connection
          .prepare(
            'SELECT count(*) AS n FROM jobs j JOIN documents d ON d.id = j.document_id JOIN sources s ON s.id = d.source_id WHERE s.connected = 1',
          )
          .get() as { n: number }
      ).n
    },

    current(): string[] {
      return (
        connection
          .prepare(
            'SELECT d.name FROM jobs j JOIN documents d ON d.id = j.document_id WHERE j.running = 1 LIMIT 5',
          )
          .all() as { name: string }[]
      ).map((row) => row.name)
    },
  }
}
