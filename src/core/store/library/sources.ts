/** Where documents come from: linked folders, linked files, and the store of uploaded files. */
import type { Source } from '../../../shared/contract.ts'
import type { Connection } from '../open.ts'

export interface SourceRow {
  id: number
  kind: 'folder' | 'file' | 'uploads'
  path: string
  connected: number
}

export type SourceStore = ReturnType<typeof createSourceStore>

export function createSourceStore(connection: Connection) {
  return {
    all(): SourceRow[] {
      return connection
        .prepare<[], SourceRow>('SELECT id, kind, path, connected FROM sources ORDER BY id')
        .all()
    },

    list(): Source[] {
      const rows = connection
        .prepare(
          "SELECT s.id, s.kind, s.path, s.connected, (SELECT count(*) FROM documents d WHERE d.source_id = s.id AND d.status <> 'removed') AS documents FROM sources s ORDER BY s.id",
        )
        .all() as (SourceRow & { documents: number })[]
      return rows
        .filter((row) => row.kind === 'folder' || row.documents > 0)
        .map((row) => ({ ...row, connected: row.connected === 1 }))
    },

    /** Returns the id of the source with this path, made if need be. */
    ensure(kind: SourceRow['kind'], path: string): number {
      connection
        .prepare(
          "INSERT INTO sources (kind, path, added_at) VALUES (?, ?, ?) ON CONFLICT (path) DO UPDATE SET kind = excluded.kind WHERE excluded.kind = 'folder'",
        )
        .run(kind, path, new Date().toISOString())
      return (connection.prepare('SELECT id FROM sources WHERE path = ?').get(path) as { id: number }).id
    },

    setConnected(id: number, connected: boolean): boolean {
      return (
        connection
          .prepare('UPDATE sources SET connected = ? WHERE id = ? AND connected <> ?')
          .run(connected ? 1 : 0, id, connected ? 1 : 0).changes > 0
      )
    },

    /** Unlinks it and hides its documents; the files stay where they are. */
    remove(id: number): number {
      return connection
        .transaction(() => {
          connection
            .prepare('DELETE FROM jobs WHERE document_id IN (SELECT id FROM documents WHERE source_id = ?)')
            .run(id)
          const { changes } = connection
            .prepare(
              "UPDATE documents SET status_before = status, status = 'removed', removed_at = ? WHERE source_id = ? AND status <> 'removed'",
            )
            .run(new Date().toISOString(), id)
          // Its documents keep the row they name; an unlinked folder is a file source nobody watches.
          connection.prepare("UPDATE sources SET kind = 'file' WHERE id = ? AND kind = 'folder'").run(id)
          return changes
        })
        .immediate()
    },
  }
}
