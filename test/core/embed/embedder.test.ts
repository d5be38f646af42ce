import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createEmbedder } from '../../../src/core/embed/embedder.ts'
import { createModelCatalog } from '../../../src/core/models/catalog.ts'
import { loadModel } from '../../../src/core/models/load.ts'
import type { PoolingMode } from '../../../src/core/models/pooling.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { copyOf, inferenceThread, readJson, tiny, tinyModels } from '../../support/tiny-models.ts'

const inference = inferenceThread()
const copy = copyOf('tiny-mean', 'tiny-static')
afterAll(async () => {
  await inference.close()
  copy.remove()
})

interface Expected {
  text: string
  vector: number[]
}

function near(actual: Float32Array, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 5))
}

describe('vectors are those PyTorch computes', () => {
  test.each(['tiny-mean', 'tiny-last-dense', 'tiny-static', 'tiny-shared'])('of %s', async (id) => {
    const embedder = await createEmbedder({ inference, model: await tiny(id) })
    const expected = readJson<Expected[]>(tinyModels, id, 'expected.json')
    const vectors = await embedder.embedDocuments(expected.map(({ text }) => text))
    expected.forEach(({ vector }, i) => near(vectors[i]!, vector))
    expect(embedder.dimensions).toBe(expected[0]!.vector.length)
    await embedder.close()
  })

  const poolings = readJson<Record<PoolingMode, number[][]>>(tinyModels, 'tiny-mean', 'poolings.json')
  test.each(Object.keys(poolings) as PoolingMode[])('with pooling "%s"', async (mode) => {
    const embedder = await createEmbedder({ inference, model: await tiny('tiny-mean', { pooling: [mode] }) })
    const texts = readJson<Expected[]>(tinyModels, 'tiny-mean', 'expected.json').map(({ text }) => text)
    const vectors = await embedder.embedDocuments(texts)
    poolings[mode].forEach((vector, i) => near(vectors[i]!, vector))
    await embedder.close()
  })

  test('with two poolings joined', async () => {
    const embedder = await createEmbedder({
      inference,
      model: { ...(await tiny('tiny-mean', { pooling: ['cls', 'mean'] })), dimensions: 32 },
    })
    const [vector] = await embedder.embedDocuments(['a'])
    expect(vector!.length).toBe(32)
    expect(Math.hypot(...vector!)).toBeCloseTo(1, 6)
    await embedder.close()
  })
})

test('queries and documents get their own prompt', async () => {
  const embedder = await createEmbedder({ inference, model: await tiny('tiny-mean') })
  const plain = await createEmbedder({
    inference,
    model: await tiny('tiny-mean', { prompts: { query: '', document: '' } }),
  })
  expect(await embedder.embedQuery('cat')).toEqual(await plain.embedQuery('search: cat'))
  expect(await embedder.embedDocuments(['cat'])).toEqual(await plain.embedDocuments(['the cat']))
  expect(embedder.countTokens('cat')).toBe(plain.countTokens('the cat'))
  expect(embedder.space).not.toBe(plain.space)
})

test('results come in the order asked for, however the batches fall', async () => {
  const embedder = await createEmbedder({ inference, model: await tiny('tiny-mean') })
  const texts = Array.from({ length: 700 }, (_, i) => 'cat '.repeat((i * 7) % 30) + 'abcdefghij'[i % 10])
  const vectors = await embedder.embedDocuments(texts)
  for (const i of [0, 1, 13, 350, 699])
    expect(vectors[i]).toEqual((await embedder.embedDocuments([texts[i]!]))[0])
  expect(new Set(vectors.map((vector) => vector.buffer)).size).toBe(700)
  expect(await embedder.embedDocuments([])).toEqual([])
})

test('an abort stops between batches and says so', async () => {
  const embedder = await createEmbedder({ inference, model: await tiny('tiny-mean') })
  const controller = new AbortController()
  const work = embedder.embedDocuments(
    Array.from({ length: 20_000 }, (_, i) => `cat ${i} on the mat`),
    controller.signal,
  )
  setTimeout(() => controller.abort(), 5)
  await expect(work).rejects.toMatchObject({ code: 'cancelled' })
  await expect(embedder.embedDocuments(['a'], AbortSignal.abort())).rejects.toMatchObject({
    code: 'cancelled',
  })
  expect((await embedder.embedQuery('still there')).length).toBe(16)
})

test('a query does not wait behind a long list of documents', async () => {
  const embedder = await createEmbedder({ inference, model: await tiny('tiny-mean') })
  let done = false
  const texts = Array.from({ length: 30_000 }, (_, i) => `cat ${i} on the mat`)
  const work = embedder.embedDocuments(texts).then(() => (done = true))
  for (let i = 0; i < 5; i++) await embedder.embedQuery('where is it')
  expect(done).toBe(false)
  await work
})

test('a model shared by two embedders stays open until both are closed', async () => {
  const model = await tiny('tiny-mean')
  const [one, two] = [await createEmbedder({ inference, model }), await createEmbedder({ inference, model })]
  await one.close()
  await one.close()
  expect((await two.embedQuery('cat')).length).toBe(16)
  await two.close()
  const again = await createEmbedder({ inference, model })
  expect((await again.embedQuery('cat')).length).toBe(16)
})

describe('a model that cannot be trusted is refused', () => {
  const refused = (work: Promise<unknown>, problem: string) =>
    expect(work).rejects.toMatchObject({ code: 'model-invalid', data: { problem } })

  test('when its numbers are not numbers', async () => {
    await refused(createEmbedder({ inference, model: await tiny('tiny-nan') }), 'not-finite')
  })

  test('when the tokenizer has more tokens than the table', async () => {
    const folder = join(copy.dir, 'tiny-mean')
    const file = join(folder, 'tokenizer.json')
    const tokenizer = readJson<{ model: { vocab: Record<string, number> } }>(file)
    tokenizer.model.vocab['extra'] = 5000
    writeFileSync(file, JSON.stringify(tokenizer))
    await refused(
      createEmbedder({ inference, model: await loadModel(folder, { builtInDir: null }) }),
      'vocabulary',
    )
  })

  test('when its vectors have another size than its files say', async () => {
    await refused(
      createEmbedder({ inference, model: { ...(await tiny('tiny-mean')), dimensions: 12 } }),
      'dimensions',
    )
  })

  test('when nothing says how it pools', async () => {
    await refused(
      createEmbedder({ inference, model: { ...(await tiny('tiny-mean')), pooling: [] } }),
      'pooling-unknown',
    )
  })

  test('when its graph is damaged inside', async () => {
    const model = await tiny('tiny-mean')
    await refused(
      createEmbedder({
        inference,
        model: { ...model, graphFile: model.tokenizerFile, weightFiles: [model.tokenizerFile] },
      }),
      'graph',
    )
  })

  test('when it is a reranker', async () => {
    await refused(createEmbedder({ inference, model: await tiny('tiny-cross-encoder') }), 'task')
  })

  test('when the graph wants inputs nobody can give', async () => {
    // Another name of the same length, so that the file stays sound.
    const model = await tiny('tiny-mean')
    const bytes = readFileSync(model.graphFile)
      .toString('latin1')
      .replaceAll('token_type_ids', 'token_task_ids')
    const graphFile = join(copy.dir, 'other.onnx')
    writeFileSync(graphFile, Buffer.from(bytes, 'latin1'))
    await refused(
      createEmbedder({ inference, model: { ...model, graphFile, weightFiles: [graphFile] } }),
      'inputs',
    )
  })
})

test('a device this build does not have falls back to the CPU and says so', async () => {
  const embedder = await createEmbedder({ inference, model: await tiny('tiny-mean'), device: 'dml' })
  expect(embedder.provider).toBe('cpu')
  expect(embedder.fallback).toEqual({ reason: 'not-built', detail: null })
})

test('a text of unknown characters only still gets a unit vector, near to nothing', async () => {
  const { resources } = createNodeHost()
  const catalog = createModelCatalog({ builtInDir: resources.models, localDir: null })
  const embedder = await createEmbedder({
    inference,
    model: await catalog.resolveModel('manifold-static-256'),
  })
  const vectors = await embedder.embedDocuments(['\u{1f9ff}', '', 'how to cook rice', '知识库'])
  for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
  const cosine = vectors[0]!.reduce((sum, value, i) => sum + value * vectors[2]![i]!, 0)
  expect(Math.abs(cosine)).toBeLessThan(0.3)
})
