import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmbedder, type ModelEmbedder } from '../../../src/core/embed/embedder.ts'
import { createModelCatalog } from '../../../src/core/models/catalog.ts'
import type { Inference } from '../../../src/core/models/inference.ts'
import type { Model } from '../../../src/core/models/load.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import type { Elsewhere } from '../../support/embed-elsewhere.ts'
import { inferenceThread, tiny, tinyModels } from '../../support/tiny-models.ts'

/** Lengths on both sides of every block size a kernel may use, two scripts, and nothing at all. */
const texts = [
  ...Array.from({ length: 24 }, (_, i) => 'the cat sat on a mat '.repeat(i).slice(0, i * i + i)),
  ...Array.from({ length: 16 }, (_, i) =>
    '知识库把文档切成小段，你好世界。'.repeat(i + 1).slice(0, i * 9 + 1),
  ),
  '',
  '😀',
  'ünïcode mixed 混合 text 123',
]

const opened: Inference[] = []
afterAll(() => Promise.all(opened.map((inference) => inference.close())))

async function open(model: Model, threads: number): Promise<ModelEmbedder> {
  const inference = inferenceThread(threads)
  opened.push(inference)
  return createEmbedder({ inference, model })
}

const bytes = (vector: Float32Array): Buffer =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
const equal = (vectors: readonly Float32Array[], expected: readonly Float32Array[]): void => {
  expect(vectors.length).toBe(expected.length)
  vectors.forEach((vector, i) =>
    expect(Buffer.compare(bytes(vector), bytes(expected[i]!)), `text ${i}`).toBe(0),
  )
}

const { models: builtInDir } = createNodeHost().resources
const builtIn = (id: string) => createModelCatalog({ builtInDir, localDir: null }).resolveModel(id)

function elsewhere(message: Elsewhere): Promise<{ documents: Float32Array[]; queries: Float32Array[] }> {
  const entry = fileURLToPath(new URL('../../support/embed-elsewhere.ts', import.meta.url))
  const child = fork(entry, { serialization: 'advanced', execArgv: [] })
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as Awaited<ReturnType<typeof elsewhere>>))
    child.once('exit', (code) => reject(new Error(`the other process ended with ${code}`)))
    child.send(message)
  })
}

/** The batching its self-test chose. A batch of one takes another kernel in tiny-static, and int8 shares one scale over the batch. */
describe.each<[string, string, () => Promise<Model>]>([
  ['tiny-mean', 'padded', () => tiny('tiny-mean')],
  ['tiny-last-dense', 'same-length', () => tiny('tiny-last-dense')],
  ['tiny-static', 'alone', () => tiny('tiny-static')],
  ['tiny-tasks', 'padded', () => tiny('tiny-tasks')],
  ['tiny-decoder', 'same-length', () => tiny('tiny-decoder')],
  ['tiny-decoder-half', 'same-length', () => tiny('tiny-decoder-half')],
  ['tiny-int8', 'alone', () => tiny('tiny-int8')],
  ['manifold-static-256', 'padded', () => builtIn('manifold-static-256')],
  ['manifold-static-128', 'padded', () => builtIn('manifold-static-128')],
  ['manifold-context-384', 'padded', () => builtIn('manifold-context-384')],
])('[MO2] %s', (id, batching, load) => {
  let model: Model
  let embedder: ModelEmbedder
  const alone: Float32Array[] = []

  beforeAll(async () => {
    model = await load()
    embedder = await open(model, 1)
    for (const text of texts) alone.push(...(await embedder.embedDocuments([text])))
  })

  test('[MO2] its self-test decides how it may be batched', () => {
    expect(embedder.selfTest.batching).toBe(batching)
    expect(embedder.selfTest.worstCosine).toBeGreaterThan(0.99)
  })

  test('[MO2] a text has the same bits alone twice over', async () => {
    for (const [i, text] of texts.entries()) equal(await embedder.embedDocuments([text]), [alone[i]!])
  })

  test('[MO2] a text has the same bits in any batch, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(texts.length - 1), { minLength: 1, maxLength: 40 }),
        async (chosen) => {
          const vectors = await embedder.embedDocuments(chosen.map((i) => texts[i]!))
          equal(
            vectors,
            chosen.map((i) => alone[i]!),
          )
        },
      ),
      { numRuns: 25 },
    )
  })

  test('[MO2] a text has the same bits beside the longest one, padded where that is allowed', async () => {
    const longest = texts.reduce((one, text) => (text.length > one.length ? text : one))
    for (const [i, text] of texts.entries())
      equal((await embedder.embedDocuments([longest, text, longest])).slice(1, 2), [alone[i]!])
  })

  test.each([2, 3, 4])('[MO2] a text has the same bits with %i threads', async (threads) => {
    equal(await (await open(model, threads)).embedDocuments(texts), alone)
  })

  test('[MO2] a text has the same bits in another process, and as a query where the prompt is the same', async () => {
    const { documents, queries } = await elsewhere({
      folder: model.folder,
      builtInDir: id.startsWith('tiny') ? tinyModels : builtInDir,
      threads: 2,
      texts,
    })
    equal(documents, alone)
    const here: Float32Array[] = []
    for (const text of texts) here.push(await embedder.embedQuery(text))
    equal(queries, here)
    if (model.prompts.query === model.prompts.document && model.tasks === null) equal(here, alone)
  })
})
