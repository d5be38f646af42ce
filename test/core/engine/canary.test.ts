import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEngineFixture, type EngineFixture } from '../../support/engine-fixture.ts'

let fixture: EngineFixture
beforeEach(async () => {
  fixture = await createEngineFixture()
})
afterEach(() => fixture.close())

const modelId = 'manifold-static-256'
const report = async () => (await fixture.engine.models.test({ id: modelId })).canary
const drift = async () => (await fixture.engine.system.status()).live.canary

interface Stored {
  texts: string[]
  vectors: string[]
  environment: Record<string, string>
}

/** The vectors files and what is kept in each. */
function kept(): Map<string, Stored | null> {
  const files = readdirSync(fixture.libraryDir).filter((name) => /^vectors-.*\.db$/.test(name))
  return new Map(
    files.map((name) => {
      const file = new Database(join(fixture.libraryDir, name), { readonly: true })
      const row = file.prepare("SELECT value FROM meta WHERE key = 'canary'").pluck().get() as
        string | undefined
      file.close()
      return [name, row === undefined ? null : (JSON.parse(row) as Stored)]
    }),
  )
}

/** As if the vectors in the live file had been made by another graph, somewhere else. */
function change(edit: (stored: Stored) => Stored): void {
  for (const [name, stored] of kept()) {
    const file = new Database(join(fixture.libraryDir, name))
    file.prepare("UPDATE meta SET value = ? WHERE key = 'canary'").run(JSON.stringify(edit(stored!)))
    file.close()
  }
}

async function restart(): Promise<void> {
  await fixture.restart()
  await fixture.engine.canaryChecked()
}

test('[MO3] is kept when a space is made, and is equal bit for bit at every start', async () => {
  await fixture.engine.canaryChecked()
  const [first] = kept().values()
  expect(first!.vectors.length).toBe(9)
  fixture.write('note.md', '# A note\n\nThe deposit is returned when the lease ends.')
  await fixture.addNotes()
  await restart()
  expect([...kept().values()]).toEqual([first])
  expect(await report()).toEqual({ worstCosine: 1, changed: [] })
  expect(await drift()).toBeNull()

  // Another number of threads is a change, and changes nothing.
  await fixture.engine.settings.update({ threads: 2 })
  await restart()
  expect(await report()).toMatchObject({ worstCosine: 1 })
  expect(await drift()).toBeNull()
})

test('[MO3] that is not what it was is told with what changed, and gone after a reindex', async () => {
  fixture.write('note.md', '# A note\n\nThe deposit is returned when the lease ends.')
  await fixture.addNotes()
  await fixture.engine.canaryChecked()
  await fixture.engine.close()
  // Each sentence has the vector of the next one.
  change(({ texts, vectors, environment }) => ({
    texts,
    vectors: [...vectors.slice(1), vectors[0]!],
    environment: { ...environment, runtime: '1.0.0', hardware: 'another processor' },
  }))
  await fixture.reopen()
  await fixture.engine.canaryChecked()
  const told = await drift()
  expect(told!.worstCosine).toBeLessThan(0.9999)
  expect(told!.changed).toEqual(['runtime', 'hardware'])
  expect(await report()).toEqual(told)
  // Search answers all the same.
  expect((await fixture.search({ query: 'deposit' })).hits.length).toBe(1)

  await fixture.engine.reindex.start()
  await fixture.engine.idle()
  await fixture.engine.canaryChecked()
  expect(await drift()).toBeNull()
  expect(await report()).toEqual({ worstCosine: 1, changed: [] })
})

test('[MO3] is kept by the indexer before the first vector of a new space', async () => {
  fixture.write('note.md', '# A note\n\nThe deposit is returned when the lease ends.')
  await fixture.addNotes()
  await fixture.engine.settings.update({ embeddingModel: 'manifold-static-128' })
  await fixture.engine.idle()
  for (const [name, stored] of kept()) expect(stored, name).not.toBeNull()
  await fixture.engine.canaryChecked()
  expect((await fixture.engine.models.test({ id: 'manifold-static-128' })).canary).toEqual({
    worstCosine: 1,
    changed: [],
  })
  expect(await report()).toBeNull()
})

test('[MO3] a library from before canaries gets one at its next start', async () => {
  await fixture.engine.canaryChecked()
  await fixture.engine.close()
  for (const name of kept().keys()) {
    const file = new Database(join(fixture.libraryDir, name))
    file.prepare("DELETE FROM meta WHERE key = 'canary'").run()
    file.close()
  }
  await fixture.reopen()
  await fixture.engine.canaryChecked()
  expect([...kept().values()].every((stored) => stored !== null)).toBe(true)
  expect(await report()).toEqual({ worstCosine: 1, changed: [] })
})
