import { afterAll, describe, expect, test } from 'vitest'
import { createEmbedder } from '../../../src/core/embed/embedder.ts'
import { loadTokenizer, type ModelOverrides } from '../../../src/core/models/load.ts'
import { poolingModes, type PoolingMode } from '../../../src/shared/models.ts'
import { inferenceThread, readJson, tiny, tinyModels } from '../../support/tiny-models.ts'

const inference = inferenceThread()
afterAll(() => inference.close())

interface Expected {
  text: string
  ids: number[]
  vector: number[]
  query: number[]
}

function near(actual: Float32Array, expected: readonly number[], digits = 5): void {
  expect(actual.length).toBe(expected.length)
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, digits))
}

describe('documents and queries get the vectors PyTorch computes', () => {
  test.each<[string, string, string, ModelOverrides, number]>([
    ['a decoder: last token, left padding, positions, an empty past', 'tiny-decoder', 'float32', {}, 5],
    ['the same decoder padded on the right', 'tiny-decoder', 'float32', { paddingSide: 'right' }, 5],
    ['a decoder whose past and vectors are in half precision', 'tiny-decoder-half', 'float16', {}, 3],
    ['a model that is told its task by number', 'tiny-tasks', 'float32', {}, 5],
  ])('of %s', async (_name, id, precision, overrides, digits) => {
    const model = await tiny(id, overrides)
    expect(model.precision).toBe(precision)
    const embedder = await createEmbedder({ inference, model })
    const expected = readJson<Expected[]>(tinyModels, id, 'expected.json')
    // One by one, and all together: what is padded must not show.
    for (const { text, vector, query } of expected) {
      near((await embedder.embedDocuments([text]))[0]!, vector, digits)
      near(await embedder.embedQuery(text), query, digits)
    }
    const together = await embedder.embedDocuments(expected.map(({ text }) => text))
    expected.forEach(({ vector }, i) => near(together[i]!, vector, digits))
    await embedder.close()
  })

  test('half precision is converted exactly: what is left is what float16 cannot hold', async () => {
    const [half, whole] = await Promise.all(
      ['tiny-decoder-half', 'tiny-decoder'].map(async (id) =>
        (await createEmbedder({ inference, model: await tiny(id) })).embedQuery('the cat sat'),
      ),
    )
    const worst = Math.max(...half!.map((value, i) => Math.abs(value - whole![i]!)))
    expect(worst).toBeGreaterThan(0)
    expect(worst).toBeLessThan(2 ** -10)
  })
})

test('a decoder has its own instruction before a query, and none before a document', async () => {
  const model = await tiny('tiny-decoder')
  const tokenizer = await loadTokenizer(model)
  expect(tokenizer.paddingSide).toBe('left')
  const expected = readJson<Expected[]>(tinyModels, 'tiny-decoder', 'expected.json')
  expected.forEach(({ text, ids }) => expect([...tokenizer.encode(text, model.maxTokens).ids]).toEqual(ids))
  expect(model.prompts.query).not.toBe('')
  expect(model.prompts.document).toBe('')
})

test('a left-padded decoder is never batched with padding, a right-padded one only if its bits stay', async () => {
  const left = await createEmbedder({ inference, model: await tiny('tiny-decoder') })
  expect(left.selfTest.batching).not.toBe('padded')
  const right = await createEmbedder({
    inference,
    model: await tiny('tiny-decoder', { paddingSide: 'right' }),
  })
  expect(left.space).not.toBe(right.space)
  const texts = ['a', 'the cat sat on the mat', '知识库', '']
  for (const embedder of [left, right]) {
    const together = await embedder.embedDocuments(texts)
    for (const [i, text] of texts.entries())
      expect(together[i]).toEqual((await embedder.embedDocuments([text]))[0])
  }
})

test('the tasks of jina v3 and their prompts are read from its config, and are part of the space', async () => {
  const model = await tiny('tiny-tasks')
  expect(model).toMatchObject({
    tasks: { query: 0, document: 1 },
    prompts: { query: 'search: ', document: 'the base: ' },
  })
  const one = await createEmbedder({ inference, model })
  const other = await createEmbedder({
    inference,
    model: await tiny('tiny-tasks', { tasks: { query: 0, document: 3 } }),
  })
  expect(other.space).not.toBe(one.space)
  expect(await other.embedDocuments(['cat'])).not.toEqual(await one.embedDocuments(['cat']))
  expect(await other.embedQuery('cat')).toEqual(await one.embedQuery('cat'))
})

test('a graph made for several tasks is refused when nothing says which is search', async () => {
  await expect(
    createEmbedder({ inference, model: { ...(await tiny('tiny-tasks')), tasks: null } }),
  ).rejects.toMatchObject({ code: 'model-invalid', data: { problem: 'inputs', input: 'task_id' } })
})

describe('pooling without the prompt is what PyTorch computes', () => {
  const expected = readJson<Record<PoolingMode, number[][]>>(tinyModels, 'tiny-mean', 'without-prompt.json')
  const texts = readJson<Expected[]>(tinyModels, 'tiny-mean', 'expected.json').map(({ text }) => text)

  test.each(poolingModes)('with pooling "%s"', async (mode) => {
    const model = await tiny('tiny-mean', { pooling: [mode], includePrompt: false })
    const embedder = await createEmbedder({ inference, model })
    const vectors = await embedder.embedDocuments(texts)
    expected[mode].forEach((vector, i) => near(vectors[i]!, vector))
  })

  test('and another space', async () => {
    const [kept, left] = await Promise.all(
      [true, false].map(async (includePrompt) =>
        createEmbedder({ inference, model: await tiny('tiny-mean', { includePrompt }) }),
      ),
    )
    expect(kept!.space).not.toBe(left!.space)
  })
})

test.each(['4', '11'])('the first %s numbers are kept and brought to length 1 again', async (keep) => {
  const expected = readJson<Record<string, number[][]>>(tinyModels, 'tiny-mean', 'truncated.json')[keep]!
  const texts = readJson<Expected[]>(tinyModels, 'tiny-mean', 'expected.json').map(({ text }) => text)
  const embedder = await createEmbedder({
    inference,
    model: await tiny('tiny-mean', { truncateTo: Number(keep) }),
  })
  const vectors = await embedder.embedDocuments(texts)
  vectors.forEach((vector, i) => {
    near(vector, expected[i]!)
    expect(Math.hypot(...vector)).toBeCloseTo(1, 6)
  })
})
