/** The models the app ships, as the app opens them. Only what they manage is held here; docs/models.md says what they do not. */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parse } from 'yaml'
import { afterAll, describe, expect, test } from 'vitest'
import { createModels } from '../../../src/core/engine/models.ts'
import { evaluateFolder } from '../../../src/core/evaluate/evaluate.ts'
import { createModelCatalog } from '../../../src/core/models/catalog.ts'
import { loadTokenizer } from '../../../src/core/models/load.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { readJson } from '../../support/tiny-models.ts'

const embeddings = ['manifold-context-384', 'manifold-static-128', 'manifold-static-256']
const rerankerId = 'manifold-late-interaction'
const ids = [...embeddings, rerankerId].sort()

const root = fileURLToPath(new URL('../../..', import.meta.url))
const host = createNodeHost()
const builtInDir = host.resources.models
const models = createModels({ host, libraryDir: null })
const options = { threads: 2, device: 'cpu' } as const
afterAll(() => models.close())

describe('the folders', () => {
  test('each model is usable and says its licence and languages, in its config and alike in its card', async () => {
    const list = await models.list()
    expect(list.map(({ id }) => id)).toEqual(ids)
    for (const { id, problem, builtIn, languages, licence, maxTokens } of list) {
      expect([id, problem, builtIn, maxTokens]).toEqual([id, null, true, 512])
      const card = parse(
        readFileSync(join(builtInDir, id, 'README.md'), 'utf8').split(/^---\r?\n/m)[1]!,
      ) as object
      const config = readJson<{ manifold: object }>(builtInDir, id, 'config.json')
      expect(card).toMatchObject({ license: licence, language: languages })
      expect(config.manifold).toMatchObject({ licence, languages })
      expect([licence, languages]).toEqual(['cc-by-sa-4.0', ['zh', 'en']])
    }
  })

  test('they are at most 40 MB together, and no large file is there twice', async () => {
    const files = readdirSync(builtInDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    const sizes = files.map((file) => statSync(file).size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(40_000_000)
    const hashes = files
      .filter((_, i) => sizes[i]! > 1_000_000)
      .map((file) => createHash('sha256').update(readFileSync(file)).digest('hex'))
    // The table of pieces, the tokenizer and the reranker's own weights.
    expect(hashes.length).toBeGreaterThanOrEqual(3)
    expect(new Set(hashes).size).toBe(hashes.length)
  })
})

describe('the tokenizer', () => {
  const end = 2
  const lines = gunzipSync(readFileSync(join(root, 'training/tokens.jsonl.gz')))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { text: string; ids: number[] })
  const resolve = (id: string) => createModelCatalog({ builtInDir, localDir: null }).resolveModel(id)

  test('is the same file for all', async () => {
    const files = await Promise.all(ids.map(async (id) => (await resolve(id)).tokenizerFile))
    expect(new Set(files)).toEqual(new Set([join(builtInDir, 'manifold-static-256', 'tokenizer.json')]))
  })

  test('gives the ids of SentencePiece for 2,400 lines, and </s> after them', async () => {
    const tokenizer = await loadTokenizer(await resolve('manifold-static-256'))
    expect(lines).toHaveLength(2400)
    expect(tokenizer.singleOverhead).toBe(1)
    for (const { text, ids } of lines) {
      expect([text, ...tokenizer.encode(text, 10_000).ids]).toEqual([text, ...ids, end])
    }
  })

  test('gives the ids of SentencePiece in the package itself too', () => {
    const folder = join(builtInDir, 'manifold-static-256')
    const tokenizer = new HuggingFaceTokenizer(
      readJson<object>(folder, 'tokenizer.json'),
      readJson<object>(folder, 'tokenizer_config.json'),
    )
    for (const { text, ids } of lines) {
      expect([text, ...tokenizer.encode(text, { add_special_tokens: false }).ids]).toEqual([text, ...ids])
      expect([text, ...tokenizer.encode(text).ids]).toEqual([text, ...ids, end])
    }
  })
})

const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

describe('meaning: the second text is nearer to the first than the third is', () => {
  // Measured once, then held; each model manages all of them. 苹果 the fruit is told from the maker of phones by two only.
  const examples: [string, string, string][] = [
    ['Best movie ever!', 'I love this product!', 'Terrible waste of money'],
    ['退租押金', '租房合同的保证金返还', '如何做米饭'],
    ['退租押金', 'The deposit is returned when the lease ends', 'How to cook rice'],
    ['苹果手机怎么截屏', 'iPhone 截图方法', '苹果和梨的营养价值'],
    ['sat on the bank of the river', 'the shore of the stream', 'open a savings account'],
    [
      'the bank raised its interest rates',
      'a lender charges more for loans',
      'the river overflowed its shore',
    ],
  ]

  const fruit: (typeof examples)[number] = ['苹果一天吃几个合适', '水果每日摄入量建议', 'iPhone 新机发布会']

  test.each(embeddings)('%s', async (id) => {
    const embedder = await models.embedder(id, options)
    for (const example of id === 'manifold-static-256' ? [...examples, fruit] : examples) {
      const [text, near, far] = await embedder.embedDocuments(example)
      expect(cosine(text!, near!), example.join(' | ')).toBeGreaterThan(cosine(text!, far!))
    }
  })

  test(rerankerId, async () => {
    const reranker = await models.reranker(rerankerId, options)
    for (const [text, near, far] of [...examples, fruit]) {
      const [high, low] = await reranker.score(text, [near, far])
      expect(high, [text, near, far].join(' | ')).toBeGreaterThan(low!)
    }
  })
})

describe('STS-B', () => {
  const file = join(root, '../shared/evaluation/sts/stsb-en-dev.tsv')

  /** Places in order of size, those of equal values shared. */
  function ranks(values: readonly number[]): number[] {
    const sorted = [...values].sort((a, b) => a - b)
    return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2)
  }
  function correlation(x: readonly number[], y: readonly number[]): number {
    const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length
    const [meanX, meanY] = [mean(x), mean(y)]
    const product = (a: readonly number[], meanA: number, b: readonly number[], meanB: number) =>
      a.reduce((sum, one, i) => sum + (one - meanA) * (b[i]! - meanB), 0)
    return product(x, meanX, y, meanY) / Math.sqrt(product(x, meanX, x, meanX) * product(y, meanY, y, meanY))
  }

  test.skipIf(!existsSync(file))('manifold-static-256 has a Spearman correlation over 0.75', async () => {
    const rows = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('\t'))
      .filter((row) => row.length === 3 && !Number.isNaN(Number(row[2])))
    expect(rows.length).toBeGreaterThanOrEqual(1000)
    const embedder = await models.embedder('manifold-static-256', options)
    const first = await embedder.embedDocuments(rows.map((row) => row[0]!))
    const second = await embedder.embedDocuments(rows.map((row) => row[1]!))
    const found = ranks(first.map((vector, i) => cosine(vector, second[i]!)))
    expect(correlation(found, ranks(rows.map((row) => Number(row[2]))))).toBeGreaterThan(0.75)
  })
})

describe('the search, with the built-in models', () => {
  const folder = join(root, '../shared/evaluation/xquad-zh2en')

  test.skipIf(!existsSync(folder))(
    'finds the English passage that answers a Chinese question, and the reranker puts it higher',
    async () => {
      const { results, differences } = await evaluateFolder({
        folder,
        embedder: await models.embedder('manifold-static-256', options),
        reranker: await models.reranker(rerankerId, options),
        maxQueries: 40,
      })
      expect(results.keyword.ndcg10).toBeLessThan(0.2)
      expect(results.reranked!.ndcg10).toBeGreaterThan(0.68)
      expect(differences['reranked - hybrid']!.mean).toBeGreaterThan(0.1)
    },
  )
})
