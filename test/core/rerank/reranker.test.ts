import { afterAll, expect, test } from 'vitest'
import { createModelCatalog } from '../../../src/core/models/catalog.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { createReranker } from '../../../src/core/rerank/reranker.ts'
import { inferenceThread, readJson, tiny, tinyModels } from '../../support/tiny-models.ts'

const inference = inferenceThread()
afterAll(() => inference.close())

const expected = readJson<{ query: string; passages: string[]; logits: number[] }>(
  tinyModels,
  'tiny-cross-encoder',
  'expected.json',
)

test('gives the logits PyTorch computes, in the order asked for', async () => {
  const reranker = await createReranker({ inference, model: await tiny('tiny-cross-encoder') })
  const logits = await reranker.score(expected.query, expected.passages)
  expected.logits.forEach((logit, i) => expect(logits[i]).toBeCloseTo(logit, 5))
  expect(await reranker.score('x', [])).toEqual(new Float32Array(0))
  expect(reranker).toMatchObject({ type: 'cross-encoder', maxTokens: 32, calibration: null })
})

test('scores do not depend on the other passages', async () => {
  const reranker = await createReranker({ inference, model: await tiny('tiny-cross-encoder') })
  const all = await reranker.score(expected.query, expected.passages)
  for (const [i, passage] of expected.passages.entries()) {
    expect((await reranker.score(expected.query, [passage]))[0]).toBe(all[i])
  }
})

test('a time budget stops it between slices', async () => {
  const reranker = await createReranker({ inference, model: await tiny('tiny-cross-encoder') })
  const many = Array.from({ length: 20_000 }, (_, i) => `cat ${i} on the mat with a dog`)
  await expect(reranker.score('cat', many, AbortSignal.timeout(20))).rejects.toMatchObject({
    code: 'cancelled',
  })
  expect((await reranker.score('cat', ['dog'])).length).toBe(1)
})

test('refuses an embedding model', async () => {
  await expect(createReranker({ inference, model: await tiny('tiny-mean') })).rejects.toMatchObject({
    code: 'model-invalid',
    data: { problem: 'task' },
  })
})

test('runs the built-in model and prefers the passage that answers', async () => {
  const { resources } = createNodeHost()
  const catalog = createModelCatalog({ builtInDir: resources.models, localDir: null })
  const reranker = await createReranker({
    inference,
    model: await catalog.resolveModel('manifold-late-interaction'),
  })
  const [answer, other] = await reranker.score('how to get the deposit back', [
    'The deposit is returned when the lease ends.',
    'Cook the rice in a pot with two cups of water.',
  ])
  expect(answer).toBeGreaterThan(other!)
  expect(reranker.calibration).not.toBeNull()
})
