import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createEmbedder, type ModelEmbedder } from '../../../src/core/embed/embedder.ts'
import { createModelCatalog } from '../../../src/core/models/catalog.ts'
import type { Inference } from '../../../src/core/models/inference.ts'
import type { Model } from '../../../src/core/models/load.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { inferenceThread, tiny } from '../../support/tiny-models.ts'

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
const builtIn = (id: string) =>
  createModelCatalog({ builtInDir: createNodeHost().resources.models, localDir: null }).resolveModel(id)

describe.each<[string, () => Promise<Model>]>([
  ['tiny-mean', () => tiny('tiny-mean')],
  ['tiny-last-dense', () => tiny('tiny-last-dense')],
  ['tiny-static', () => tiny('tiny-static')],
  ['tiny-int8', () => tiny('tiny-int8')],
  ['manifold-static-256', () => builtIn('manifold-static-256')],
  ['manifold-static-128', () => builtIn('manifold-static-128')],
  ['manifold-context-256', () => builtIn('manifold-context-256')],
])('[MO2] %s', (id, load) => {
  test('[MO2] a text has the same bits alone, in any batch, padded, on any number of threads and after a restart', async () => {
    const model = await load()
    const [one, two] = [await open(model, 1), await open(model, 2)]
    const alone: Buffer[] = []
    for (const text of texts) alone.push(bytes((await one.embedDocuments([text]))[0]!))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(texts.length - 1), { minLength: 1, maxLength: 40 }),
        fc.constantFrom(one, two),
        async (chosen, embedder) => {
          const vectors = await embedder.embedDocuments(chosen.map((i) => texts[i]!))
          vectors.forEach((vector, at) => expect(Buffer.compare(bytes(vector), alone[chosen[at]!]!)).toBe(0))
        },
      ),
      { numRuns: 25 },
    )
    const restarted = await open(model, 2)
    const again = await restarted.embedDocuments(texts)
    again.forEach((vector, i) => expect(Buffer.compare(bytes(vector), alone[i]!)).toBe(0))
    const { query, document } = model.prompts
    if (query === document)
      expect(Buffer.compare(bytes(await restarted.embedQuery(texts[7]!)), alone[7]!)).toBe(0)
  })

  test('[MO2] its self-test decides how it may be batched', async () => {
    const { selfTest } = await open(await load(), 1)
    // A batch of one takes another kernel in tiny-static, and int8 shares one scale over the batch.
    const batching =
      { 'tiny-last-dense': 'same-length', 'tiny-static': 'alone', 'tiny-int8': 'alone' }[id] ?? 'padded'
    expect(selfTest.batching).toBe(batching)
    expect(selfTest.worstCosine).toBeGreaterThan(0.99)
  })
})
