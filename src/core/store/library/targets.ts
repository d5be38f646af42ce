/** Which pair of derived files search answers from, and which one is being built beside it [RE1]. */
import type { Connection } from '../open.ts'
import { toTarget, type Target, type TargetRow } from './rows.ts'

export type TargetStore = ReturnType<typeof createTargetStore>

export function createTargetStore(connection: Connection) {
  const byId = connection.prepare<[number], TargetRow>('SELECT * FROM targets WHERE id = ?')
  const liveRow = connection.prepare<[], { target_id: number; generation: number }>(
    'SELECT target_id, generation FROM live WHERE id = 1',
  )

  function live(): { target: Target; generation: number } | null {
    const row = liveRow.get()
    const target = row && byId.get(row.target_id)
    return row && target ? { target: toTarget(target), generation: row.generation } : null
  }

  return {
    live,

    /** The one being built, whether it runs, is paused or failed. */
    building(): Target | null {
      const row = connection
        .prepare<[], TargetRow>(
          "SELECT * FROM targets WHERE state IN ('building', 'paused', 'failed') ORDER BY id DESC LIMIT 1",
        )
        .get()
      return row ? toTarget(row) : null
    },

    all(): Target[] {
      return connection.prepare<[], TargetRow>('SELECT * FROM targets ORDER BY id').all().map(toTarget)
    },

    add(target: Omit<Target, 'id' | 'error'>): Target {
      const { lastInsertRowid } = connection
        .prepare(
          `INSERT INTO targets (state, model_id, space, space_fields, dimensions, chunking, chunking_id, index_file, vectors_file, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          target.state,
          target.modelId,
          target.space,
          JSON.stringify(target.spaceFields),
          target.dimensions,
          JSON.stringify(target.chunking),
          target.chunkingId,
          target.indexFile,
          target.vectorsFile,
          new Date().toISOString(),
        )
      return toTarget(byId.get(Number(lastInsertRowid))!)
    },

    setState(id: number, state: Target['state'], error: string | null = null): void {
      connection.prepare('UPDATE targets SET state = ?, error = ? WHERE id = ?').run(state, error, id)
    },

    /** The switch: search answers from `id` from now on. Returns the target that answered before. */
    switchTo(id: number): Target | null {
      return connection
        .transaction(() => {
          const before = live()
          connection.prepare("UPDATE targets SET state = 'ready', error = NULL WHERE id = ?").run(id)
          connection
            .prepare(
              'INSERT INTO live (id, target_id, generation) VALUES (1, ?, 1) ON CONFLICT (id) DO UPDATE SET target_id = excluded.target_id, generation = generation + 1',
            )
            .run(id)
          return before?.target ?? null
        })
        .immediate()
    },

    remove(id: number): void {
      connection
        .prepare('DELETE FROM targets WHERE id = ? AND id NOT IN (SELECT target_id FROM live)')
        .run(id)
    },
  }
}
