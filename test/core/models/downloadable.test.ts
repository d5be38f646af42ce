import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  DownloadCatalog,
  knownFields,
  readDownloadCatalog,
  readsChinese,
  warningsOf,
} from '../../../src/core/models/downloadable.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'

const { models: modelsDir } = createNodeHost().resources
const models = await readDownloadCatalog(modelsDir)

test('the catalogue has every model it should', () => {
  expect(models.map(({ id }) => id).sort()).toEqual(
    [
      'bge-small-zh-v1.5',
      'bge-large-zh-v1.5',
      'bge-m3',
      'multilingual-e5-small',
      'e5-large-v2',
      'gte-large-zh',
      'gte-multilingual-base',
      'granite-embedding-97m-multilingual-r2',
      'm3e-base',
      'text2vec-large-chinese',
      'all-MiniLM-L6-v2',
      'all-mpnet-base-v2',
      'jina-embeddings-v3',
      'Qwen3-Embedding-0.6B',
      'mmarco-mMiniLMv2-L12-H384-v1',
      'gte-multilingual-reranker-base',
      'bge-reranker-base',
      'bge-reranker-v2-m3',
      'ms-marco-MiniLM-L6-v2',
      'Qwen3-Reranker-0.6B',
    ].sort(),
  )
})

test.each(models.map((model) => [model.id, model] as const))(
  '%s says what a person must know',
  (_id, model) => {
    const isEmbedding = model.task === 'embedding'
    expect(model.dimensions !== null).toBe(isEmbedding)
    expect(model.pooling.length > 0).toBe(isEmbedding)
    expect(Object.keys(model.known).sort()).toEqual([...knownFields].sort())
    // Nothing could be tried here: what nobody verified is offered with that warning.
    expect(warningsOf(model)).toContain('unverified')
    expect(model.files).toEqual(expect.arrayContaining(['config.json', 'tokenizer.json']))
    // The graph alone is about so large; the list of files is not all.
    const bytesAParameter = /int8|quantized/.test(model.graphs[0]!) ? 1 : 4
    expect(model.sizeBytes).toBeGreaterThan(model.parameters * bytesAParameter * 0.7)
    expect(model.sizeBytes).toBeLessThan(model.parameters * bytesAParameter * 1.3 + 40_000_000)
  },
)

test('marks what may not be used for business, what is slow, and what reads no Chinese', () => {
  const withWarning = (warning: string) =>
    models.filter((model) => warningsOf(model).includes(warning as never)).map(({ id }) => id)
  expect(withWarning('non-commercial')).toEqual(['m3e-base', 'jina-embeddings-v3'])
  expect(withWarning('slow')).toContain('Qwen3-Reranker-0.6B')
  expect(withWarning('english-only')).toEqual([
    'e5-large-v2',
    'all-MiniLM-L6-v2',
    'all-mpnet-base-v2',
    'ms-marco-MiniLM-L6-v2',
  ])
  expect([['zh'], ['zh-Hans', 'en'], ['mul'], []].every(readsChinese)).toBe(true)
})

test('a catalogue that is not right is refused', () => {
  const json = JSON.parse(readFileSync(join(modelsDir, 'catalog.json'), 'utf8'))
  for (const change of [
    { repository: 'https://example.org/x' },
    { graphs: [] },
    { files: ['../x'] },
    { pooling: ['middle'] },
    { known: {} },
    { id: json.models[1].id },
    { unheardOf: 1 },
  ]) {
    const models = [{ ...json.models[0], ...change }, ...json.models.slice(1)]
    expect(DownloadCatalog.safeParse({ ...json, models }).success, JSON.stringify(change)).toBe(false)
  }
})
