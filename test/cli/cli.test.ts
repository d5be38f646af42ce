/** The command line as a script uses it: JSON on stdout and nothing else, exit codes, with and without a running engine. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bin, createCommandLine } from '../support/command-line.ts'

const command = createCommandLine('cli')
const { base, run: manifold } = command
let notes: string

beforeAll(async () => {
  notes = join(base, 'notes')
  mkdirSync(notes)
  writeFileSync(join(notes, 'lease.md'), '# Lease\n\nEither party may terminate on thirty days notice.\n')
  writeFileSync(join(notes, '租房.md'), '# 租房合同\n\n租期结束后十日内退还押金。\n')
  writeFileSync(join(notes, 'empty.txt'), '')
}, 60_000)

afterAll(() => command.close())

describe('without a running engine', () => {
  it('adds a folder and waits until it is indexed', async () => {
    const { code, json } = await manifold('add', notes, '--json')
    expect(code).toBe(0)
    expect(json).toMatchObject({
      documents: 3,
      unchanged: 0,
      refused: [],
      library: { indexed: 2, failed: 1, waiting: 0 },
    })
  }, 60_000)

  it('searches, with the score of every stage in the answer', async () => {
    const { code, json } = await manifold('search', '押金', '--json', '--limit', '5')
    expect(code).toBe(0)
    const [hit] = json.hits
    expect(hit).toMatchObject({
      rank: 1,
      document: { title: '租房合同', path: join(notes, '租房.md'), kind: 'markdown', status: 'indexed' },
      chunk: { page: null, charStart: expect.any(Number), charEnd: expect.any(Number) },
      context: { before: '', after: '' },
      scores: {
        keyword: { rank: 1 },
        semantic: { cosine: expect.any(Number) },
        fused: expect.any(Number),
        rerank: { rank: expect.any(Number) },
      },
    })
    expect(typeof json.tookMs).toBe('number')
  }, 60_000)

  it('lists documents with the reason of those that failed', async () => {
    const { json } = await manifold('documents', 'list', '--json')
    expect(json.documents).toHaveLength(3)
    const failed = json.documents.find((document: { status: string }) => document.status === 'failed')
    expect(failed).toMatchObject({ path: join(notes, 'empty.txt'), reason: { code: 'empty' }, chunks: 0 })
    expect((await manifold('documents')).out).toContain('is empty')
  }, 60_000)

  it('examines the library', async () => {
    const { code, json } = await manifold('doctor', '--json')
    expect(code).toBe(0)
    expect(json.ok).toBe(true)
    expect(json.checks.length).toBeGreaterThan(5)
  }, 60_000)

  it('changes the model, waits for the new index, and finds again', async () => {
    const used = await manifold('models', 'use', 'manifold-static-128', '--json')
    expect(used.json.live).toMatchObject({ embeddingModel: 'manifold-static-128', dimensions: 128 })
    expect((await manifold('search', 'terminate', '--json')).json.hits[0].document.title).toBe('Lease')
  }, 60_000)

  it('measures a labelled folder in BEIR layout', async () => {
    const set = join(base, 'set')
    mkdirSync(set)
    const lines = (rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n')
    writeFileSync(
      join(set, 'corpus.jsonl'),
      lines([
        { _id: 'a', title: '', text: 'The heron fishes in shallow water at dawn.' },
        { _id: 'b', title: '', text: '水獭在河边的石头下做窝。' },
      ]),
    )
    writeFileSync(
      join(set, 'queries.jsonl'),
      lines([
        { _id: '1', text: 'where does the heron fish' },
        { _id: '2', text: '水獭在哪里做窝' },
      ]),
    )
    writeFileSync(join(set, 'qrels.tsv'), 'query-id\tcorpus-id\tscore\n1\ta\t1\n2\tb\t1\n')
    const { code, json } = await manifold('evaluate', set, '--json')
    expect(code).toBe(0)
    expect(json).toMatchObject({
      corpus: 2,
      queries: 2,
      results: { keyword: { ndcg10: 1 }, hybrid: { ndcg10: 1, mrr10: 1, recall100: 1 } },
    })
    expect(json.results.reranked.ndcg10).toBe(1)
    expect(json.each.hybrid).toEqual([1, 1])
    const plain = JSON.parse((await manifold('evaluate', set)).out)
    const { each, ...rest } = json
    expect(each).toBeDefined()
    expect(plain).toEqual(rest)
  }, 60_000)

  it.each([
    [['frobnicate'], 2],
    [['search'], 2],
    [['search', 'x', '--mode', 'sideways'], 2],
    [['search', 'x', '--limit', '-3'], 2],
    [['documents', 'show', '999'], 1],
    [['models', 'use', 'no-such-model'], 1],
    [['add', '/no/such/place.md'], 1],
    [['--help'], 0],
  ])(
    '%j exits with %i and says why',
    async (args, code) => {
      const ran = await manifold(...args)
      expect(ran.code).toBe(code)
      if (code > 0) expect(ran.err).not.toBe('')
    },
    60_000,
  )
})

describe('with a running engine', () => {
  it('talks to it, and what it added is there at once', async () => {
    const engine = spawn(process.execPath, [bin, 'serve', '--no-open', '--json'], {
      env: { ...process.env, MANIFOLD_LIBRARY: join(base, 'library'), XDG_RUNTIME_DIR: join(base, 'run') },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      await new Promise((resolve) => engine.stdout.once('data', resolve))
      writeFileSync(join(notes, 'otter.md'), '# Otter\n\nThe otter sleeps under the weir.\n')
      const added = await manifold('add', join(notes, 'otter.md'), '--json')
      expect(added.json).toMatchObject({ refused: [], library: { indexed: 3 } })
      const { json } = await manifold('search', 'otter weir', '--json')
      expect(json.hits[0].document.title).toBe('Otter')
    } finally {
      engine.kill('SIGTERM')
      await new Promise((resolve) => engine.once('exit', resolve))
    }
  }, 90_000)
})
