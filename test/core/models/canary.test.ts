import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { createEmbedder } from '../../../src/core/embed/embedder.ts'
import {
  canaryTexts,
  compareCanary,
  driftCosine,
  ensureCanary,
  hasDrifted,
  makeCanary,
  type CanaryRecord,
} from '../../../src/core/models/canary.ts'
import { openVectorStore } from '../../../src/core/store/vectors/vector-store.ts'
import { inferenceThread, tiny } from '../../support/tiny-models.ts'

const inference = inferenceThread()
const folder = mkdtempSync(join(tmpdir(), 'manifold-canary-'))
afterAll(async () => {
  await inference.close()
  rmSync(folder, { recursive: true, force: true })
})

const made = async (id = 'tiny-mean'): Promise<CanaryRecord> =>
  makeCanary(await createEmbedder({ inference, model: await tiny(id) }), { device: 'cpu', version: '1' })
const open = (name: string) =>
  openVectorStore(join(folder, name), { space: 's', dimensions: 16, indexUuid: 'i' })
const bytes = (vectors: readonly Float32Array[]) =>
  vectors.map((vector) => [...new Uint32Array(vector.slice().buffer)])

test('[MO3] the sentences are in both languages, code, emoji, full-width, short and long', () => {
  const has = (pattern: RegExp) => canaryTexts.some((text) => pattern.test(text))
  for (const pattern of [
    /^[\x20-\x7e]{40,200}$/,
    /^\p{Script=Han}/u,
    /await/,
    /\p{Emoji_Presentation}/u,
    /Ｆ/,
    /^.$/,
  ])
    expect(has(pattern), String(pattern)).toBe(true)
  expect(Math.max(...canaryTexts.map((text) => text.length))).toBeGreaterThan(1000)
})

test('[MO3] is kept bit for bit with the vectors, once, and made again where it cannot be read', async () => {
  const record = await made()
  const store = open('kept.db')
  expect(store.canary()).toBeNull()
  store.keepCanary(record)
  store.keepCanary({ ...record, texts: ['another'] })
  expect(store.canary()!.texts).toEqual(canaryTexts)
  expect(store.canary()!.environment).toEqual(record.environment)
  expect(bytes(store.canary()!.vectors)).toEqual(bytes(record.vectors))
  expect(store.check()).toBeNull()
  store.close()

  const raw = new Database(join(folder, 'kept.db'))
  raw.prepare("UPDATE meta SET value = '{\"texts\":' WHERE key = 'canary'").run()
  raw.close()
  const again = open('kept.db')
  expect(again.canary()).toBeNull()
  again.close()
})

test('[MO3] made again by the same model it is equal bit for bit: the cosine is exactly 1', async () => {
  const [one, other] = [await made(), await made()]
  expect(bytes(other.vectors)).toEqual(bytes(one.vectors))
  expect(compareCanary(one, other)).toEqual({ worstCosine: 1, changed: [] })
})

test('[MO3] made by another graph it is not, and what changed beside it is named', async () => {
  const kept = await made()
  const other = await made('tiny-int8')
  const environment = { ...other.environment, runtime: '9.9.9', provider: 'webgpu', threads: '64' }
  const report = compareCanary(kept, { ...other, environment })
  expect(report.worstCosine).toBeLessThan(driftCosine)
  expect(report.changed).toEqual(['provider', 'threads', 'runtime'])
  expect(hasDrifted(report)).toBe(true)
})

test('[MO3] a change of the last bits is told apart from a drift', async () => {
  const kept = await made()
  const vectors = kept.vectors.map((vector) => vector.map((value) => value * (1 + 2 ** -20)))
  const report = compareCanary(kept, { ...kept, vectors })
  expect(report.worstCosine).not.toBe(1)
  expect(hasDrifted(report)).toBe(false)
  const short = kept.vectors.map((vector) => vector.slice(1))
  expect(hasDrifted(compareCanary(kept, { ...kept, vectors: short }))).toBe(true)
})

test('[MO3] vectors copied from older ones keep the canary of their own day', async () => {
  const record = await made()
  const older = { ...record, environment: { ...record.environment, version: '0' } }
  const store = open('copied.db')
  await ensureCanary(store, async () => record, [{ canary: () => null }, { canary: () => older }])
  expect(store.canary()!.environment.version).toBe('0')
  await ensureCanary(store, async () => expect.fail('it is there'))
  store.close()
})
