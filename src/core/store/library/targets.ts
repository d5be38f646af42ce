/**
 * Which pair of derived files search answers from, which one is being built beside it, and the one that answered before
 * [RE1 RE3]. Each change of roles is one transaction, so a kill finds the library before it or after it.
 */
import type { Connection } from '../open.ts'
import { toTarget, type NewTarget, type Target, type TargetRow } from './rows.ts'

export type TargetStore = ReturnType<typeof createTargetStore>

export interface LiveRow {
  target: Target
  former: Target | null
  /** Grows with every change of the target that answers. */
  generation: number
  /** Texts the library wants may be missing from it. */
  behind: boolean
}

const underWay = "state IN ('building', 'paused', 'failed', 'complete')"

export function createTargetStore(connection: Connection) {
  const byId = connection.prepare<[number], TargetRow>('SELECT * FROM targets WHERE id = ?')
  const liveRow = connection.prepare<
    [],
    { target_id: number; former_id: number | null; generation: number; behind: number }
  >('SELECT target_id, former_id, generation, behind FROM live WHERE id = 1')
  const dropRow = connection.prepare(
    `DELETE FROM targets WHERE id = ? AND NOT EXISTS (SELECT 1 FROM live WHERE targets.id IN (target_id, former_id))`,
  )
  const makeReady = connection.prepare(
    "UPDATE targets SET state = 'ready', error = NULL, error_code = NULL WHERE id = ?",
  )
  const putLive = connection.prepare(
    `INSERT INTO live (id, target_id, former_id, generation, behind) VALUES (1, @id, @former, 1, 1)
     ON CONFLICT (id) DO UPDATE SET target_id = @id, former_id = @former, generation = generation + 1, behind = 1`,
  )

  function get(id: number): Target | null {
    const row = byId.get(id)
    return row ? toTarget(row) : null
  }

  function live(): LiveRow | null {
    const row = liveRow.get()
    const target = row && get(row.target_id)
    if (!row || !target) return null
    return {
      target,
      former: row.former_id === null ? null : get(row.former_id),
      generation: row.generation,
      behind: row.behind === 1,
    }
  }

  /** The one being built, whether it runs, is paused, failed, or waits for the person. */
  function building(): Target | null {
    const row = connection
      .prepare<[], TargetRow>(`SELECT * FROM targets WHERE ${underWay} ORDER BY id DESC LIMIT 1`)
      .get()
    return row ? toTarget(row) : null
  }

  const once = <T>(work: () => T): T => connection.transaction(work).immediate()

  return {
    get,
    live,
    building,

    all(): Target[] {
      return connection.prepare<[], TargetRow>('SELECT * FROM targets ORDER BY id').all().map(toTarget)
    },

    /** Those that have a role: the live one first, then the one being built, then the former. */
    standing(): Target[] {
      const now = live()
      const found = [now?.target, building(), now?.former].filter((target) => !!target)
      return found.filter((target, i) => found.findIndex((other) => other.id === target.id) === i)
    },

    add(target: NewTarget): Target {
      const { lastInsertRowid } = connection
        .prepare(
          `INSERT INTO targets (state, model_id, space, space_fields, dimensions, chunking, chunking_id, recipe, index_file, vectors_file, fresh, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          target.state,
          target.modelId,
          target.space,
          JSON.stringify(target.spaceFields),
          target.dimensions,
          JSON.stringify(target.chunking),
          target.chunkingId,
          JSON.stringify(target.recipe),
          target.indexFile,
          target.vectorsFile,
          target.fresh ? 1 : 0,
          new Date().toISOString(),
        )
      return get(Number(lastInsertRowid))!
    },

    /** Of one that is under way; one that answers, or is gone, is left alone. */
    setState(
      id: number,
      state: Exclude<Target['state'], 'ready'>,
      error: { code: string; message: string } | null = null,
    ): void {
      connection
        .prepare(`UPDATE targets SET state = ?, error = ?, error_code = ? WHERE id = ? AND ${underWay}`)
        .run(state, error?.message ?? null, error?.code ?? null, id)
    },

    /** The former is wanted again: it is caught up like a new one. `reused`: the chunks it has. */
    revive(id: number, reused: number): void {
      connection
        .prepare("UPDATE targets SET state = 'building', reused = ? WHERE id = ? AND state = 'ready'")
        .run(reused, id)
    },

    addReused(id: number, chunks: number): void {
      if (chunks > 0)
        connection.prepare('UPDATE targets SET reused = reused + ? WHERE id = ?').run(chunks, id)
    },

    setRecipe(id: number, recipe: Target['recipe']): void {
      connection.prepare('UPDATE targets SET recipe = ? WHERE id = ?').run(JSON.stringify(recipe), id)
    },

    /** It gets files of its own: the chunks it was to share do not fit its model. */
    setFiles(id: number, files: Pick<Target, 'indexFile' | 'vectorsFile' | 'chunkingId'>): void {
      connection
        .prepare(
          `UPDATE targets SET index_file = ?, vectors_file = ?, chunking_id = ?, reused = 0 WHERE id = ? AND ${underWay}`,
        )
        .run(files.indexFile, files.vectorsFile, files.chunkingId, id)
    },

    /** The switch: search answers from `id` from now on, and what answered before is the former. False when `id` is gone. */
    switchTo(id: number): boolean {
      return once(() => {
        const before = live()
        if (!byId.get(id) || before?.target.id === id) return false
        makeReady.run(id)
        putLive.run({ id, former: before?.target.id ?? null })
        if (before?.former && before.former.id !== id) dropRow.run(before.former.id)
        return true
      })
    },

    /** The same row the other way round. False when there is no former. */
    rollback(): boolean {
      return once(() => {
        const now = live()
        if (!now?.former) return false
        makeReady.run(now.former.id)
        putLive.run({ id: now.former.id, former: now.target.id })
        return true
      })
    },

    /** False when there is none, or it is wanted again and being caught up. */
    dropFormer(): boolean {
      return once(() => {
        const former = live()?.former
        if (!former || former.state !== 'ready') return false
        connection.prepare('UPDATE live SET former_id = NULL').run()
        dropRow.run(former.id)
        return true
      })
    },

    /** What was being built goes; a former that was caught up is the former again. */
    cancelBuilding(): boolean {
      return once(() => {
        const target = building()
        if (!target) return false
        makeReady.run(target.id)
        dropRow.run(target.id)
        return true
      })
    },

    /** The live index has every text that is wanted. */
    caughtUp(): void {
      connection.prepare('UPDATE live SET behind = 0 WHERE behind = 1').run()
    },

    /** Rows without a role, left by a version that had other ones. */
    tidy(): void {
      connection
        .prepare(
          `DELETE FROM targets WHERE state = 'ready' AND NOT EXISTS (SELECT 1 FROM live WHERE targets.id IN (target_id, former_id))`,
        )
        .run()
    },
  }
}
