import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createModelCatalog } from '../../../src/core/models/catalog.ts'
import { loadModel } from '../../../src/core/models/load.ts'
import { externalLocations } from '../../../src/core/models/onnx-file.ts'
import { readDenseLayers } from '../../../src/core/models/vector-parts.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { copyOf, readJson, tiny, tinyModels } from '../../support/tiny-models.ts'

const copies: { remove(): void }[] = []
afterAll(() => copies.forEach((copy) => copy.remove()))

function damaged(id: string, damage: (folder: string) => void): Promise<unknown> {
  const copy = copyOf(id, 'tiny-static')
  copies.push(copy)
  damage(join(copy.dir, id))
  return loadModel(join(copy.dir, id), { builtInDir: copy.dir })
}
const edit = (folder: string, file: string, change: (json: any) => unknown): void => {
  const path = join(folder, file)
  writeFileSync(path, JSON.stringify(change(readJson(path))))
}

describe('reading a model folder', () => {
  test('finds pooling, prompts and limits in the old shape of the settings', async () => {
    expect(await tiny('tiny-mean')).toMatchObject({
      id: 'tiny-mean',
      task: 'embedding',
      builtIn: true,
      pooling: ['mean'],
      prompts: { query: 'search: ', document: 'the ' },
      dimensions: 16,
      maxTokens: 32,
      precision: 'float32',
      similarity: 'cosine',
    })
  })

  test('finds the new shape, a dense layer and a smaller size', async () => {
    const model = await tiny('tiny-last-dense')
    expect(model).toMatchObject({
      pooling: ['last-token'],
      dimensions: 6,
      truncateTo: 6,
      prompts: { query: '', document: '' },
    })
    expect(model.dense).toMatchObject([{ inputs: 16, outputs: 8, activation: 'tanh' }])
    const [layer] = await readDenseLayers(model)
    expect([layer!.weight.length, layer!.bias!.length]).toEqual([128, 8])
  })

  test('finds weights shared with another built-in model, by its settings and in the graph itself', async () => {
    const model = await tiny('tiny-shared')
    const table = join(tinyModels, 'tiny-static', 'onnx', 'table.bin')
    expect(model.externalData).toEqual([{ path: 'table.bin', file: table }])
    expect(model.weightFiles).toContain(table)
    expect((await tiny('tiny-static')).weightFiles).toContain(table)
    expect(await externalLocations(join(tinyModels, 'tiny-static', 'onnx', 'model.onnx'))).toEqual([
      'table.bin',
    ])
  })

  test('knows a reranker', async () => {
    expect(await tiny('tiny-cross-encoder')).toMatchObject({
      task: 'reranker',
      type: 'cross-encoder',
      dimensions: null,
    })
  })

  test('names the precision by the graph that is there', async () => {
    expect(await tiny('tiny-int8')).toMatchObject({ precision: 'int8' })
  })

  test('lets a catalogue say what the folder does not', async () => {
    const model = await tiny('tiny-mean', {
      pooling: ['cls'],
      maxTokens: 16,
      truncateTo: 4,
      prompts: { query: 'q ', document: '' },
    })
    expect(model).toMatchObject({ pooling: ['cls'], maxTokens: 16, dimensions: 4, prompts: { query: 'q ' } })
  })
})

describe('a folder that is not right is refused', () => {
  test.each<[string, string, string, (folder: string) => void]>([
    ['config.json is missing', 'missing-file', 'tiny-mean', (f) => rmSync(join(f, 'config.json'))],
    ['the graph is missing', 'missing-file', 'tiny-mean', (f) => rmSync(join(f, 'onnx/model.onnx'))],
    ['the tokenizer is missing', 'missing-file', 'tiny-mean', (f) => rmSync(join(f, 'tokenizer.json'))],
    [
      'the pooling settings are missing',
      'missing-file',
      'tiny-mean',
      (f) => rmSync(join(f, '1_Pooling/config.json')),
    ],
    [
      'the file of the table is missing',
      'missing-file',
      'tiny-static',
      (f) => rmSync(join(f, 'onnx/table.bin')),
    ],
    ['the graph is cut short', 'graph', 'tiny-mean', (f) => truncateSync(join(f, 'onnx/model.onnx'), 5000)],
    ['the graph is empty', 'graph', 'tiny-mean', (f) => truncateSync(join(f, 'onnx/model.onnx'), 0)],
    [
      'the graph is a web page',
      'graph',
      'tiny-mean',
      (f) => writeFileSync(join(f, 'onnx/model.onnx'), '<!doctype html><p>404</p>'),
    ],
    [
      'the graph is another format',
      'graph',
      'tiny-mean',
      (f) => writeFileSync(join(f, 'onnx/model.onnx'), readFileSync(join(f, 'tokenizer.json'))),
    ],
    [
      'the graph is a Git LFS pointer',
      'lfs-pointer',
      'tiny-mean',
      (f) =>
        writeFileSync(
          join(f, 'onnx/model.onnx'),
          'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
        ),
    ],
    ['config.json is not JSON', 'json', 'tiny-mean', (f) => writeFileSync(join(f, 'config.json'), '{"a":')],
    ['config.json is a list', 'file', 'tiny-mean', (f) => writeFileSync(join(f, 'config.json'), '[]')],
    [
      'hidden_size is absurd',
      'file',
      'tiny-mean',
      (f) => edit(f, 'config.json', (c) => ({ ...c, hidden_size: 1e9 })),
    ],
    [
      'the pooling is unknown',
      'pooling',
      'tiny-last-dense',
      (f) => edit(f, '1_Pooling/config.json', (c) => ({ ...c, pooling_mode: 'magic' })),
    ],
    [
      'the pooling names no mode',
      'pooling-unknown',
      'tiny-mean',
      (f) => edit(f, '1_Pooling/config.json', () => ({ word_embedding_dimension: 16 })),
    ],
    [
      'a part is unknown',
      'module',
      'tiny-mean',
      (f) => edit(f, 'modules.json', (c) => [...c, { type: 'x.Magic', path: '9' }]),
    ],
    [
      'a part leads out of the folder',
      'path',
      'tiny-mean',
      (f) => edit(f, 'modules.json', (c) => [...c, { type: 'x.Dense', path: '../tiny-static' }]),
    ],
    [
      'a dense layer does not fit',
      'dimensions',
      'tiny-last-dense',
      (f) => edit(f, '2_Dense/config.json', (c) => ({ ...c, in_features: 15 })),
    ],
    [
      'more is to be kept than there is',
      'dimensions',
      'tiny-last-dense',
      (f) => edit(f, 'config_sentence_transformers.json', (c) => ({ ...c, truncate_dim: 99 })),
    ],
    [
      'similarity is of another kind',
      'similarity',
      'tiny-mean',
      (f) => edit(f, 'config_sentence_transformers.json', (c) => ({ ...c, similarity_fn_name: 'manhattan' })),
    ],
    [
      'shared weights lead out of the models folder',
      'path',
      'tiny-mean',
      (f) => edit(f, 'config.json', (c) => ({ ...c, manifold: { externalData: { x: '../../etc/passwd' } } })),
    ],
    [
      'the tokenizer of another model leads out',
      'file',
      'tiny-mean',
      (f) => edit(f, 'config.json', (c) => ({ ...c, manifold: { tokenizer: '../x' } })),
    ],
  ])('%s', async (_name, problem, id, damage) => {
    await expect(damaged(id, damage)).rejects.toMatchObject({
      code: 'model-invalid',
      data: { problem, model: id },
    })
  })

  test('there is no such folder', async () => {
    await expect(loadModel(join(tinyModels, 'nothing'), { builtInDir: null })).rejects.toMatchObject({
      code: 'model-missing',
    })
  })

  test('a model that is not built in cannot name shared files', async () => {
    await expect(loadModel(join(tinyModels, 'tiny-shared'), { builtInDir: null })).rejects.toMatchObject({
      code: 'model-invalid',
      data: { problem: 'path' },
    })
  })

  test('dense weights cut short are noticed when read', async () => {
    const copy = copyOf('tiny-last-dense')
    copies.push(copy)
    const folder = join(copy.dir, 'tiny-last-dense')
    truncateSync(join(folder, '2_Dense/model.safetensors'), 300)
    await expect(loadModel(folder, { builtInDir: null }).then(readDenseLayers)).rejects.toMatchObject({
      code: 'model-invalid',
    })
  })
})

describe('the list of models', () => {
  test('shows the sound ones and says what is wrong with the others', async () => {
    const copy = copyOf('tiny-mean', 'tiny-nan')
    copies.push(copy)
    rmSync(join(copy.dir, 'tiny-nan', 'config.json'))
    const catalog = createModelCatalog({ builtInDir: tinyModels, localDir: copy.dir })
    const list = await catalog.list()
    expect(list.find(({ id }) => id === 'tiny-mean')).toMatchObject({
      task: 'embedding',
      dimensions: 16,
      builtIn: false,
      problem: null,
    })
    expect(list.find(({ id }) => id === 'tiny-nan')!.problem).toMatch(/config.json/)
    expect(list.find(({ id }) => id === 'tiny-static')).toMatchObject({
      builtIn: true,
      type: 'static embedding',
    })
    expect((await catalog.resolveModel('tiny-mean')).folder).toBe(join(copy.dir, 'tiny-mean'))
  })

  test('knows no id that is a path', async () => {
    const catalog = createModelCatalog({ builtInDir: tinyModels, localDir: null })
    for (const id of ['../models/tiny-mean', '', '.', 'a/b', 'nothing', 'x'.repeat(300)]) {
      await expect(catalog.resolveModel(id)).rejects.toMatchObject({ code: 'model-missing' })
    }
  })

  test('holds the models that come with the program', async () => {
    const { resources } = createNodeHost()
    const list = await createModelCatalog({ builtInDir: resources.models, localDir: null }).list()
    expect(list.map(({ id, problem }) => [id, problem])).toEqual(
      expect.arrayContaining([
        ['manifold-late-interaction', null],
        ['manifold-static-128', null],
        ['manifold-static-256', null],
      ]),
    )
  })
})
