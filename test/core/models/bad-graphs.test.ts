import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InferenceSession } from 'onnxruntime-node'
import { afterAll, describe, expect, test } from 'vitest'
import { createEmbedder, testEmbedder } from '../../../src/core/embed/embedder.ts'
import { planInputs } from '../../../src/core/models/feeds.ts'
import { toFloat32 } from '../../../src/core/models/half.ts'
import { loadModel } from '../../../src/core/models/load.ts'
import { createReranker } from '../../../src/core/rerank/reranker.ts'
import { copyOf, editJson, inferenceThread, tiny, tinyModels } from '../../support/tiny-models.ts'

const inference = inferenceThread()
const copies: { remove(): void }[] = []
afterAll(async () => {
  await inference.close()
  copies.forEach((copy) => copy.remove())
})

/** A copy of a tiny model, spoilt. */
function spoilt(id: string, spoil: (folder: string) => void): Promise<unknown> {
  const copy = copyOf(id, 'tiny-static')
  copies.push(copy)
  spoil(join(copy.dir, id))
  return loadModel(join(copy.dir, id), { builtInDir: copy.dir }).then(async (model) =>
    model.task === 'reranker' ? createReranker({ inference, model }) : createEmbedder({ inference, model }),
  )
}
const graph = (folder: string): string => join(folder, 'onnx/model.onnx')
const size = (path: string): number => readFileSync(path).length

describe('a model folder with something wrong in it is refused with the reason', () => {
  test.each<[string, string, string, (folder: string) => void]>([
    [
      'a table beside the graph is cut short',
      'tiny-static',
      'graph',
      (f) => truncateSync(join(f, 'onnx/table.bin'), size(join(f, 'onnx/table.bin')) - 64),
    ],
    [
      'the tokenizer is cut short',
      'tiny-mean',
      'tokenizer',
      (f) => truncateSync(join(f, 'tokenizer.json'), 1000),
    ],
    [
      'the tokenizer is of another program',
      'tiny-mean',
      'tokenizer',
      (f) => writeFileSync(join(f, 'tokenizer.json'), '{"vocabulary": [1, 2, 3]}'),
    ],
    [
      'the weights of a dense layer are cut short',
      'tiny-last-dense',
      'safetensors',
      (f) => truncateSync(join(f, '2_Dense/model.safetensors'), 300),
    ],
    [
      'the graph is of a reranker',
      'tiny-mean',
      'dimensions',
      (f) => copyFileSync(graph(join(tinyModels, 'tiny-cross-encoder')), graph(f)),
    ],
    [
      'the graph is of an embedding model',
      'tiny-cross-encoder',
      'scoring-unknown',
      (f) => copyFileSync(graph(join(tinyModels, 'tiny-mean')), graph(f)),
    ],
    [
      'the graph is of a wider model',
      'tiny-mean',
      'dimensions',
      (f) => editJson(join(f, '1_Pooling/config.json'), (c) => ({ ...c, word_embedding_dimension: 32 })),
    ],
    [
      'manifold.json is damaged',
      'tiny-yes-no',
      'json',
      (f) => writeFileSync(join(f, 'manifold.json'), '{"task":'),
    ],
    [
      'manifold.json names a graph outside',
      'tiny-mean',
      'path',
      (f) => writeFileSync(join(f, 'manifold.json'), '{"graph":"../tiny-static/onnx/model.onnx"}'),
    ],
    [
      'a template has no place for the passage',
      'tiny-yes-no',
      'file',
      (f) =>
        editJson(join(f, 'manifold.json'), (c) => ({
          ...c,
          scoring: { ...c.scoring, body: 'find {query}' },
        })),
    ],
  ])('%s', async (_name, id, problem, spoil) => {
    await expect(spoilt(id, spoil)).rejects.toMatchObject({ code: 'model-invalid', data: { problem } })
  })

  test('weights that are not numbers are named by the check that found them', async () => {
    const { checks } = await testEmbedder({ inference, model: await tiny('tiny-nan') })
    expect(checks.at(-1)).toMatchObject({ name: 'finite', ok: false })
  })

  test('one bad model does not take the thread with it', async () => {
    await expect(createEmbedder({ inference, model: await tiny('tiny-nan') })).rejects.toThrow()
    expect(
      (await (await createEmbedder({ inference, model: await tiny('tiny-mean') })).embedQuery('cat')).length,
    ).toBe(16)
  })
})

describe('inputs of a graph', () => {
  const input = (
    name: string,
    type: string,
    shape: (number | string)[] = ['batch', 'tokens'],
  ): InferenceSession.ValueMetadata =>
    ({ name, isTensor: true, type, shape }) as unknown as InferenceSession.ValueMetadata
  const ids = input('input_ids', 'int64')
  const plan = (...more: InferenceSession.ValueMetadata[]) => planInputs([ids, ...more], { tasks: true })

  test.each<[string, InferenceSession.ValueMetadata]>([
    ['a picture', input('pixel_values', 'float32', ['batch', 3, 224, 224])],
    ['ids as real numbers', input('attention_mask', 'float32')],
    ['a past of unknown size', input('past_key_values.0.key', 'float32', ['batch', 'heads', 'past', 64])],
    ['a past in whole numbers', input('past_key_values.0.key', 'int64', ['batch', 2, 'past', 64])],
    ['a switch for a cache', input('use_cache_branch', 'bool', [1])],
    ['a sequence', { name: 'images', isTensor: false } as InferenceSession.ValueMetadata],
  ])('%s is refused by its name', (_name, one) => {
    expect(() => plan(one)).toThrow(
      expect.objectContaining({
        code: 'model-invalid',
        data: { problem: 'inputs', input: one.name },
      }),
    )
  })

  test('no ids at all are refused', () => {
    expect(() => planInputs([input('attention_mask', 'int64')], { tasks: false })).toThrow(/input_ids/)
  })

  test('those of every family are known', () => {
    expect(
      plan(
        input('attention_mask', 'int64'),
        input('token_type_ids', 'int32'),
        input('position_ids', 'int64'),
        input('past_key_values.27.value', 'float16', ['batch', 8, 'past', 128]),
        input('task_id', 'int64', []),
        input('num_logits_to_keep', 'int64', []),
      ).map(({ kind }) => kind),
    ).toEqual(['tokens', 'tokens', 'tokens', 'tokens', 'past', 'task', 'logits-kept'])
  })
})

test('half precision is read the same from its bits and from Float16Array', () => {
  const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i)
  const fromBits = toFloat32(bits)
  const Float16 = (globalThis as unknown as { Float16Array?: new (buffer: ArrayBuffer) => ArrayLike<number> })
    .Float16Array
  expect(Float16).toBeDefined()
  const fromArray = toFloat32(new Float16!(bits.buffer))
  fromBits.forEach((value, i) => {
    if (!Object.is(value, fromArray[i])) throw new Error(`bits ${i}: ${value} and ${fromArray[i]}`)
  })
  const floats = Float32Array.of(1, 2)
  expect(toFloat32(floats)).toBe(floats)
})
