import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createEmbedder, testEmbedder } from '../../../src/core/embed/embedder.ts'
import { loadModel, type ModelOverrides } from '../../../src/core/models/load.ts'
import { memoryRecords, type SelfTestRecords } from '../../../src/core/models/records.ts'
import type { SelfTest } from '../../../src/core/models/self-test.ts'
import { sensePairs } from '../../../src/core/models/sense-pairs.ts'
import { judgeSense } from '../../../src/core/models/sense.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { createReranker, testReranker } from '../../../src/core/rerank/reranker.ts'
import { selfTestChecks } from '../../../src/shared/status.ts'
import { inferenceThread, tiny, tinyModels } from '../../support/tiny-models.ts'

const inference = inferenceThread()
afterAll(() => inference.close())
const builtInDir = createNodeHost().resources.models
const builtIn = (id: string, overrides: ModelOverrides = {}) =>
  loadModel(join(builtInDir, id), { builtInDir, overrides })
/** The built-in table as one vector a token: pooled by us, rightly or wrongly. */
const tokenVectors = (overrides: ModelOverrides = {}) =>
  loadModel(join(tinyModels, 'token-vectors'), { builtInDir, overrides })

const checkOf = ({ checks }: SelfTest, name: string) => checks.find((check) => check.name === name)!
const holding = (selfTest: SelfTest): number => Number.parseInt(checkOf(selfTest, 'sense').figure!, 10)

describe('[MO4] the models that come with the app', () => {
  test.each(['manifold-static-128', 'manifold-static-256', 'manifold-context-384'])(
    '[MO4] %s passes every check, with 34 of the 36 pairs at least',
    async (id) => {
      const selfTest = await testEmbedder({ inference, model: await builtIn(id) })
      expect(selfTest.checks.map(({ name }) => name)).toEqual([...selfTestChecks])
      expect(selfTest.checks.filter(({ ok }) => !ok)).toEqual([])
      expect(holding(selfTest)).toBeGreaterThanOrEqual(34)
      expect(checkOf(selfTest, 'batched').figure).toBe('1')
    },
  )

  test('[MO4] the reranker passes, with all 36 pairs', async () => {
    const selfTest = await testReranker({ inference, model: await builtIn('manifold-late-interaction') })
    expect(selfTest.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(checkOf(selfTest, 'sense').figure).toBe('36 of 36')
  })
})

describe('[MO4] a model that is read wrongly makes no sense, and is refused', () => {
  const refusal = (problem: string) => ({
    code: 'model-invalid',
    data: { problem, check: problem },
  })

  test('[MO4] with the right pooling it passes', async () => {
    const selfTest = await testEmbedder({ inference, model: await tokenVectors() })
    expect(holding(selfTest)).toBeGreaterThanOrEqual(34)
  })

  test('[MO4] with the wrong pooling it does not', async () => {
    await expect(
      createEmbedder({ inference, model: await tokenVectors({ pooling: ['cls'] }) }),
    ).rejects.toMatchObject(refusal('sense'))
  })

  test('[MO4] with a pooling that takes the same token of every text it is constant', async () => {
    const model = await tokenVectors({ pooling: ['last-token'], prompts: { query: '', document: '' } })
    await expect(createEmbedder({ inference, model })).rejects.toMatchObject({ code: 'model-invalid' })
  })

  test('[MO4] with the instruction of another family before its queries it does not', async () => {
    const query =
      'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: '
    const model = await builtIn('manifold-static-256', { prompts: { query, document: '' } })
    await expect(createEmbedder({ inference, model })).rejects.toMatchObject(refusal('sense'))
  })

  test('[MO4] with random weights neither vectors nor scores do', async () => {
    const languages = ['zh', 'en']
    await expect(
      createEmbedder({ inference, model: await tiny('tiny-mean', { languages }) }),
    ).rejects.toMatchObject(refusal('sense'))
    await expect(
      createReranker({ inference, model: await tiny('tiny-cross-encoder', { languages }) }),
    ).rejects.toMatchObject(refusal('sense'))
  })

  test('[MO4] a reranker whose order is turned round holds no pair', async () => {
    const check = await judgeSense(async (pairs) => pairs.map(() => false), ['zh', 'en'])
    expect(check).toMatchObject({ ok: false, figure: '0 of 36' })
  })
})

describe('[MO4] only the languages a model claims are asked for', () => {
  const always = (language: string) => async (pairs: readonly { language: string }[]) =>
    pairs.map((pair) => pair.language === language)

  test.each<[string, string[], boolean, string]>([
    ['Chinese alone, claimed', ['zh'], true, '12 of 12'],
    ['Chinese alone, by its long name', ['zh-CN'], true, '12 of 12'],
    ['Chinese, though it claims English', ['en'], false, '0 of 12'],
    ['Chinese, though it claims both', ['zh', 'en'], false, '12 of 36'],
    ['Chinese, though it claims many', ['multilingual'], false, '12 of 36'],
    ['Chinese, and nobody says what it reads', [], true, '12 of 12'],
  ])('[MO4] one that reads %s', async (_name, languages, ok, figure) => {
    expect(await judgeSense(always('zh'), languages)).toMatchObject({ ok, figure })
  })

  test('[MO4] one that claims neither is not asked', async () => {
    expect(await judgeSense(always('zh'), ['fr', 'de'])).toMatchObject({ ok: true, figure: null })
  })

  test('[MO4] a monolingual model is judged on its language by the real test', async () => {
    const selfTest = await testEmbedder({ inference, model: await tokenVectors({ languages: ['zh'] }) })
    expect(checkOf(selfTest, 'sense').figure).toMatch(/ of 12$/)
  })

  test('the pairs are 12 a language, none twice', () => {
    for (const language of ['zh', 'en', 'cross'])
      expect(sensePairs.filter((pair) => pair.language === language).length).toBe(12)
    const texts = sensePairs.flatMap(({ query, related, unrelated }) => [query, related, unrelated])
    expect(new Set(texts).size).toBe(texts.length)
  })
})

describe('[MO4] a failed check can be waved through, but not every one', () => {
  const records = (): SelfTestRecords => ({ ...memoryRecords(), overridden: async () => true })

  test('[MO4] sense can', async () => {
    const model = await tiny('tiny-mean', { languages: ['zh', 'en'] })
    const embedder = await createEmbedder({ inference, model, records: records() })
    expect(checkOf(embedder.selfTest, 'sense').ok).toBe(false)
    expect((await embedder.embedQuery('cat')).length).toBe(16)
  })

  test('[MO4] numbers that are not finite cannot', async () => {
    await expect(
      createEmbedder({ inference, model: await tiny('tiny-nan'), records: records() }),
    ).rejects.toMatchObject({ data: { problem: 'not-finite' } })
  })

  test('[MO4] dimensions that are wrong cannot', async () => {
    const model = { ...(await tiny('tiny-mean')), dimensions: 12 }
    await expect(createEmbedder({ inference, model, records: records() })).rejects.toMatchObject({
      data: { problem: 'dimensions', figure: '16' },
    })
  })
})

test('[MO4] what was tested once is remembered, until the files, the runtime or the threads are others', async () => {
  const inner = memoryRecords()
  const written: string[] = []
  const records: SelfTestRecords = {
    ...inner,
    write: async (id, key, selfTest) => {
      written.push(key)
      await inner.write(id, key, selfTest)
    },
  }
  const model = await tiny('tiny-mean')
  const first = await createEmbedder({ inference, model, records })
  const second = await createEmbedder({ inference, model, records })
  expect(second.selfTest).toEqual(first.selfTest)
  expect(written.length).toBe(1)
  // Asked for by a person, it is made afresh.
  await testEmbedder({ inference, model, records })
  expect(written.length).toBe(2)
  expect(written[1]).toBe(written[0])
  await createEmbedder({ inference, model: await tiny('tiny-mean', { pooling: ['max'] }), records })
  const other = inferenceThread(2)
  await createEmbedder({ inference: other, model, records })
  await other.close()
  expect(new Set(written).size).toBe(3)
})
