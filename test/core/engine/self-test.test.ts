import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEngineFixture, type EngineFixture } from '../../support/engine-fixture.ts'
import { editJson, tinyModels } from '../../support/tiny-models.ts'

let fixture: EngineFixture
beforeEach(async () => {
  fixture = await createEngineFixture()
})
afterEach(() => fixture.close())

/** A tiny model in the library's own folder; with `languages` it claims to read what it does not. */
function addModel(id: string, languages?: string[]): void {
  const folder = join(fixture.libraryDir, 'models', id)
  cpSync(join(tinyModels, id), folder, { recursive: true })
  if (languages) editJson(join(folder, 'config.json'), (config) => ({ ...config, manifold: { languages } }))
}

test('[MO4] the self-test of the live model can be asked for, with figures', async () => {
  const report = await fixture.engine.models.test({ id: 'manifold-static-256' })
  expect(report).toMatchObject({
    modelId: 'manifold-static-256',
    ok: true,
    overridden: false,
    batching: 'padded',
    worstCosine: 1,
  })
  expect(report.checks.find(({ name }) => name === 'sense')?.figure).toMatch(/^3[4-6] of 36$/)
})

test('[MO4] a model that makes no sense is refused with the failed check, and used when the person says so', async () => {
  addModel('tiny-mean', ['zh', 'en'])
  const { engine } = fixture
  const use = () => engine.settings.update({ embeddingModel: 'tiny-mean' })
  await expect(use()).rejects.toMatchObject({
    code: 'model-invalid',
    data: { model: 'tiny-mean', problem: 'sense' },
  })
  expect((await engine.settings.get()).embeddingModel).toBe('manifold-static-256')
  expect(await engine.models.test({ id: 'tiny-mean' })).toMatchObject({
    ok: false,
    overridden: false,
    overridable: true,
  })

  await engine.models.override({ id: 'tiny-mean', on: true })
  expect(await engine.models.test({ id: 'tiny-mean' })).toMatchObject({ ok: false, overridden: true })
  expect(await use()).toMatchObject({ reindexStarted: true })
  await engine.idle()
  expect((await engine.system.status()).live.embeddingModel).toBe('tiny-mean')

  // The index that stands on it goes on answering; only choosing it anew is refused again.
  await fixture.engine.models.override({ id: 'tiny-mean', on: false })
  await fixture.restart()
  fixture.write('cat.md', 'The cat sat on the mat.')
  await fixture.addNotes()
  const found = await fixture.search({ query: 'cat', mode: 'semantic' })
  expect(found.hits.length).toBe(1)
  expect(await fixture.engine.models.test({ id: 'tiny-mean' })).toMatchObject({ overridden: false })
}, 120_000)

test('[MO4] numbers that are none cannot be waved through', async () => {
  addModel('tiny-nan')
  const { engine } = fixture
  const report = await engine.models.test({ id: 'tiny-nan' })
  expect(report).toMatchObject({ ok: false, overridable: false })
  expect(report.checks.at(-1)).toMatchObject({ name: 'finite', ok: false })
  await expect(engine.models.override({ id: 'tiny-nan', on: true })).rejects.toMatchObject({
    code: 'conflict',
    data: { model: 'tiny-nan', check: 'finite' },
  })
  await expect(engine.settings.update({ embeddingModel: 'tiny-nan' })).rejects.toMatchObject({
    code: 'model-invalid',
    data: { problem: 'not-finite' },
  })
})

test('[MO4] a reranker that nothing says how to read is refused before it is used', async () => {
  addModel('tiny-two-labels')
  const { engine } = fixture
  await expect(engine.settings.update({ rerankerModel: 'tiny-two-labels' })).rejects.toMatchObject({
    data: { problem: 'scoring-unknown' },
  })
  expect((await engine.settings.get()).rerankerModel).toBe('manifold-late-interaction')
  expect(await engine.models.test({ id: 'tiny-two-labels' })).toMatchObject({
    ok: false,
    overridable: false,
    checks: [{ name: 'opens', ok: false }],
  })
  await expect(engine.models.test({ id: 'not-there' })).rejects.toMatchObject({ code: 'model-missing' })
})
