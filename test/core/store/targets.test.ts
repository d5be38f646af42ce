/** Roles of targets in library.db, and a library of the version before there were former ones. */
import Database from 'better-sqlite3'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nameTokens } from '../../../src/core/search/keyword-tokens.ts'
import { openLibrary, type Library } from '../../../src/core/store/library/library.ts'
import type { NewTarget } from '../../../src/core/store/library/rows.ts'
import { libraryMigrations } from '../../../src/core/store/library/schema.ts'
import { ChunkingSettings } from '../../../src/shared/settings.ts'

let folder: string
let library: Library | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifold-targets-'))
})
afterEach(() => {
  library?.close()
  library = null
  rmSync(folder, { recursive: true, force: true })
})
const open = (): Library => (library = openLibrary(folder, { nameTokens }))

let serial = 0
const made = (state: NewTarget['state'] = 'building'): NewTarget => ({
  state,
  modelId: `model-${++serial}`,
  space: `space-${serial}`,
  spaceFields: {},
  dimensions: 4,
  chunking: ChunkingSettings.parse({}),
  chunkingId: 'c',
  recipe: { normaliser: 'n/1' },
  indexFile: `index-${serial}.db`,
  vectorsFile: `vectors-${serial}.db`,
  fresh: false,
})

describe('targets', () => {
  it('[RE3] keeps the one that answered before, and the one before that only until a third answers', () => {
    const { targets } = open()
    const [a, b] = [targets.add(made('ready')), targets.add(made())]
    targets.switchTo(a.id)
    expect(targets.live()).toMatchObject({ target: { id: a.id }, former: null, generation: 1, behind: true })
    targets.switchTo(b.id)
    expect(targets.live()).toMatchObject({ target: { id: b.id, state: 'ready' }, former: { id: a.id } })
    targets.caughtUp()
    expect(targets.live()!.behind).toBe(false)
    expect(targets.rollback()).toBe(true)
    expect(targets.live()).toMatchObject({ target: { id: a.id }, former: { id: b.id }, behind: true })
    const third = targets.add(made())
    targets.switchTo(third.id)
    expect(targets.all().map((target) => target.id)).toEqual([a.id, third.id])
    expect(targets.dropFormer()).toBe(true)
    expect(targets.dropFormer()).toBe(false)
    expect(targets.rollback()).toBe(false)
    expect(targets.all().map((target) => target.id)).toEqual([third.id])
  })

  it('a former that is wanted again is built upon, and is the former again when that is given up', () => {
    const { targets } = open()
    const [a, b] = [targets.add(made('ready')), targets.add(made())]
    targets.switchTo(a.id)
    targets.switchTo(b.id)
    targets.revive(a.id, 7)
    expect(targets.building()).toMatchObject({ id: a.id, state: 'building', reused: 7 })
    expect(targets.dropFormer()).toBe(false)
    expect(targets.cancelBuilding()).toBe(true)
    expect(targets.building()).toBeNull()
    expect(targets.live()!.former).toMatchObject({ id: a.id, state: 'ready' })
  })

  it('never switches to one that was given up meanwhile, and leaves one that answers its state', () => {
    const { targets } = open()
    const [a, b] = [targets.add(made('ready')), targets.add(made())]
    targets.switchTo(a.id)
    targets.cancelBuilding()
    expect(targets.switchTo(b.id)).toBe(false)
    targets.setState(a.id, 'failed', { code: 'internal', message: 'late' })
    expect(targets.live()!.target).toMatchObject({ id: a.id, state: 'ready', error: null })
  })
})

describe('a library of the version before', () => {
  it('[DA4] keeps what is live and what is being built, is copied aside first, and gives no id twice', () => {
    const path = join(folder, 'library.db')
    const old = new Database(path)
    old.exec(libraryMigrations[0]!)
    const insert = old.prepare(
      `INSERT INTO targets (state, model_id, space, space_fields, dimensions, chunking, chunking_id, index_file, vectors_file, created_at)
       VALUES (?, 'm', 's', '{"tokenizer":["t"]}', 4, '{"strategy":"recursive","targetTokens":200,"overlapTokens":0}', 'c', ?, ?, '2026-01-01')`,
    )
    for (const [state, name] of [
      ['ready', 'a'],
      ['building', 'b'],
      ['failed', 'c'],
    ] as const)
      insert.run(state, `index-${name}.db`, `vectors-${name}.db`)
    old.exec('DELETE FROM targets WHERE id = 3; INSERT INTO live VALUES (1, 1, 5); PRAGMA user_version = 1')
    old.close()
    const { targets, check } = open()
    expect(check()).toBeNull()
    expect(existsSync(`${path}.before-1`)).toBe(true)
    expect(targets.live()).toMatchObject({
      target: { id: 1, indexFile: 'index-a.db', recipe: {}, reused: 0, fresh: false },
      former: null,
      generation: 5,
    })
    expect(targets.building()).toMatchObject({ id: 2, state: 'building' })
    expect(targets.add(made()).id).toBe(4)
    // The rows still refer to each other.
    expect(targets.switchTo(2)).toBe(true)
    expect(targets.live()!.former!.id).toBe(1)
  })
})
