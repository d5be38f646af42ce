import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../src/shared/errors.ts'
import { SearchUpdate } from '../../../src/shared/search.ts'
import { hashVector, makeLibrary, space, type TestDocument } from './library.ts'

const filler: TestDocument[] = Array.from({ length: 30 }, (_, i) => ({
  name: `filler-${i}.md`,
  chunks: [`Filler number ${i} talks about the weather and gardens.`, `第${i}段填充文字，讲的是天气和花园。`],
}))
const documents: TestDocument[] = [
  {
    name: 'cat.md',
    title: 'Pets',
    chunks: ['家里养了一只猫，每天晒太阳。', 'The dog was running in the park.'],
  },
  {
    name: 'rent.md',
    title: '租房',
    headings: ['押金'],
    chunks: ['退租时房东应当在三十天内返还押金。'],
    tags: ['home'],
  },
  { name: 'tw.md', chunks: ['這個軟體需要更多記憶體才能執行。'], date: '2020-05-05' },
  {
    name: 'code.pdf',
    kind: 'pdf',
    chunks: ['Call get_user_name() in v1.2.3 of the C++ library.', 'Running shoes are on sale.'],
  },
  ...filler,
]
let library: ReturnType<typeof makeLibrary>
afterEach(() => library?.close())
const titles = (update: SearchUpdate) => update.hits.map((hit) => hit.document.title)

describe('search', () => {
  it('[SE2] takes quotation marks inside a sentence as naming, and a phrase nobody holds as words', async () => {
    library = makeLibrary(documents)
    expect(titles(await library.find({ query: '谁应当返还“租房押金”？' }))[0]).toBe('租房')
    expect(titles(await library.find({ query: '"shoes running" sale' }))[0]).toBe('code.pdf')
  })

  it('[SE1] ranks a one-character and a two-character word', async () => {
    library = makeLibrary(documents)
    expect(titles(await library.find({ query: '猫', mode: 'keyword' }))).toEqual(['Pets'])
    expect(titles(await library.find({ query: '押金', mode: 'keyword' }))[0]).toBe('租房')
    expect(titles(await library.find({ query: '房东什么时候必须返还押金？', mode: 'keyword' }))[0]).toBe(
      '租房',
    )
  })

  it('[SE1] finds Traditional by Simplified, and 軟體 by 软件', async () => {
    library = makeLibrary(documents)
    for (const query of ['软件', '軟件', '软件内存', '这个软件']) {
      expect(titles(await library.find({ query, mode: 'keyword' }))[0]).toBe('tw.md')
    }
  })

  it('[SE1] keeps identifiers whole and finds a word by its other forms', async () => {
    library = makeLibrary(documents)
    for (const query of ['get_user_name', 'v1.2.3', 'C++', 'user name', 'runs']) {
      const { hits } = await library.find({ query, mode: 'keyword' })
      expect(hits.map((hit) => hit.document.title)).toContain('code.pdf')
    }
  })

  it('[SE4] shows fused and complete updates that are valid, ranked and explained', async () => {
    library = makeLibrary(documents)
    const updates = await library.all({ query: '返还 押金' })
    expect(updates.map((update) => update.stage)).toEqual(['fused', 'complete'])
    for (const update of updates) SearchUpdate.parse(update)
    const hit = updates.at(-1)!.hits[0]!
    expect(hit.rank).toBe(1)
    expect(hit.scores.keyword!.rank).toBe(1)
    expect(hit.scores.keyword!.terms).toEqual(['返还', '押金'])
    expect(hit.scores.semantic!.percentile).toBeGreaterThan(0.9)
    expect(hit.marks.map(([start, end]) => hit.chunk.text.slice(start, end))).toEqual(['返还押金'])
    expect(hit.snippet.text).toContain('返还押金')
    const fused = updates[0]!.hits.map((one) => one.scores.fused)
    expect(fused).toEqual([...fused].sort((a, b) => b - a))
  })

  it('[SE4] orders by the score it shows, which never rises, and puts what the budget left out below', async () => {
    library = makeLibrary(documents, {
      reranker: () => ({
        calibration: { scale: 1, bias: 0 },
        score: async (_query, passages) =>
          Float32Array.from(passages, (text) => (text.includes('park') ? 60 : -3)),
      }),
    })
    const updates = await library.all({ query: 'running', limit: 50 })
    expect(updates.map((update) => update.stage)).toEqual(['fused', 'reranked', 'complete'])
    const { hits, nothingFits } = updates.at(-1)!
    const scores = hits.filter((hit) => hit.reranked).map((hit) => hit.score!)
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
    expect(hits[0]!.chunk.text).toContain('park')
    expect(hits[0]!.scores.rerank!.rank).toBe(1)
    expect(hits.findLastIndex((hit) => hit.reranked)).toBeLessThan(
      hits.some((hit) => !hit.reranked) ? hits.findIndex((hit) => !hit.reranked) : Infinity,
    )
    expect(nothingFits).toBe(false)
  })

  it('[RE1] answers a search although the index is switched while its hits are read', async () => {
    let switches = 0
    library = makeLibrary(documents, {
      reranker: () => ({
        calibration: { scale: 1, bias: 0 },
        async score(_query, passages) {
          if (switches++ < 1) library.switchIndex()
          return Float32Array.from(passages, (text) => (text.includes('park') ? 60 : -3))
        },
      }),
    })
    const updates = await library.all({ query: 'running', limit: 50 })
    expect(updates.map((update) => update.stage)).toEqual(['fused', 'fused', 'reranked', 'complete'])
    expect(updates.at(-1)!.hits[0]!.chunk.text).toContain('park')
  })

  it('[RE1] answers in the fused order when the index is switched again and again', async () => {
    library = makeLibrary(documents, {
      reranker: () => ({
        calibration: { scale: 1, bias: 0 },
        async score(_query, passages) {
          library.switchIndex()
          return new Float32Array(passages.length)
        },
      }),
    })
    const { stage, hits } = await library.find({ query: 'running' })
    expect(stage).toBe('complete')
    expect(hits.length).toBeGreaterThan(0)
    expect(hits.every((hit) => !hit.reranked)).toBe(true)
  })

  it('[RE1] embeds the query again when another space is live by then', async () => {
    const embeddedIn: (string | null)[] = []
    library = makeLibrary(documents, {
      embedder: (asked) => ({
        space: asked!,
        async embedQuery(text) {
          embeddedIn.push(asked)
          return hashVector(text)
        },
      }),
    })
    const { live } = library.lookup
    let looks = 0
    library.lookup.live = () => ({ ...live()!, ...(looks++ === 0 ? { space: 'before' } : {}) })
    const { notes } = await library.find({ query: '返还 押金' })
    expect(embeddedIn).toEqual(['before', space])
    expect(notes).toEqual([])
  })

  it('[SE3] stops reranking when the time is up and says what was not covered', async () => {
    let calls = 0
    library = makeLibrary(documents, {
      rerankBudgetMs: () => 60,
      reranker: () => ({
        calibration: { scale: 1, bias: 0 },
        async score(_query, passages, signal) {
          if (calls++ > 0) {
            await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
            throw new AppError('cancelled', 'stopped')
          }
          return Float32Array.from(passages, () => -5)
        },
      }),
    })
    const { hits } = await library.find({ query: 'weather gardens 天气', limit: 50 })
    expect(hits.filter((hit) => hit.reranked).length).toBeGreaterThan(0)
    expect(hits.filter((hit) => !hit.reranked).length).toBeGreaterThan(0)
    expect(hits.findIndex((hit) => !hit.reranked)).toBe(hits.filter((hit) => hit.reranked).length)
  })

  it('says when nothing fits', async () => {
    library = makeLibrary(documents, {
      reranker: () => ({
        calibration: { scale: 1, bias: 0 },
        score: async (_query, passages) => Float32Array.from(passages, () => -9),
      }),
    })
    expect((await library.find({ query: 'quantum chromodynamics' })).nothingFits).toBe(true)
  })

  it('[SE2] filters by kind, tag and date, in the request and in the query', async () => {
    library = makeLibrary(documents)
    expect(titles(await library.find({ query: 'running', filters: { kinds: ['pdf'] } }))).toEqual([
      'code.pdf',
    ])
    expect(titles(await library.find({ query: 'running type:pdf' }))).toEqual(['code.pdf'])
    expect(titles(await library.find({ query: '押金 tag:home' }))).toEqual(['租房'])
    expect(titles(await library.find({ query: '軟體 before:2021' }))).toEqual(['tw.md'])
    expect(titles(await library.find({ query: '天气 type:pdf -running' })).length).toBeLessThanOrEqual(1)
  })

  it('lists what conditions leave, newest first, when there are no words', async () => {
    library = makeLibrary(documents)
    expect(titles(await library.find({ query: 'before:2021' }))).toEqual(['tw.md'])
    expect(titles(await library.find({ query: '', filters: { tags: ['home'] } }))).toEqual(['租房'])
    expect(titles(await library.find({ query: '' }))).toEqual([])
  })

  it('[SE2] holds hits to phrases and keeps out what is excluded, in both legs', async () => {
    library = makeLibrary(documents)
    const phrase = await library.find({ query: '"running shoes"' })
    expect(phrase.hits.map((hit) => hit.chunk.text)).toEqual(['Running shoes are on sale.'])
    const without = await library.find({ query: 'running -shoes', limit: 100 })
    expect(without.hits.some((hit) => hit.chunk.text.includes('shoes'))).toBe(false)
    const chinese = await library.find({ query: '「返还押金」' })
    expect(titles(chinese)).toEqual(['租房'])
  })

  it('matches the last Latin word as a prefix while typing', async () => {
    library = makeLibrary(documents)
    expect(titles(await library.find({ query: 'sho', mode: 'keyword', typing: true }))).toEqual(['code.pdf'])
    expect(titles(await library.find({ query: 'sho', mode: 'keyword' }))).toEqual([])
  })

  it('[SE6] counts every exact hit, without stemming, sorted by date or place', async () => {
    library = makeLibrary(documents)
    const exact = await library.find({ query: 'running', mode: 'exact' })
    expect(exact.total).toEqual({ chunks: 2, documents: 2 })
    expect((await library.find({ query: 'run', mode: 'exact' })).total).toEqual({ chunks: 0, documents: 0 })
    const weather = await library.find({ query: '天气', mode: 'exact', limit: 7, offset: 7, sort: 'place' })
    expect(weather.total).toEqual({ chunks: 30, documents: 30 })
    expect(weather.hits).toHaveLength(7)
    expect(weather.hits[0]!.rank).toBe(8)
    const paths = weather.hits.map((hit) => hit.document.path)
    expect(paths).toEqual([...paths].sort())
  })

  it('folds copies, hides removed documents, and groups chunks of one document', async () => {
    library = makeLibrary([
      ...filler,
      { name: 'a.md', bytes: 'same', chunks: ['zebra crossing one', 'zebra crossing two'] },
      { name: 'b.md', bytes: 'same', chunks: ['zebra crossing one', 'zebra crossing two'] },
      { name: 'gone.md', chunks: ['zebra crossing three'], removed: true },
    ])
    const { hits } = await library.find({ query: 'zebra crossing', mode: 'keyword' })
    expect(hits).toHaveLength(1)
    expect(hits[0]!.document.copies).toBe(1)
    expect(hits[0]!.more).toHaveLength(1)
  })

  it('takes in what was added, changed and dropped since the last search', async () => {
    library = makeLibrary(documents)
    expect(
      (await library.find({ query: 'okapi' })).hits.some((hit) => hit.chunk.text.includes('okapi')),
    ).toBe(false)
    library.add({ name: 'okapi.md', chunks: ['The okapi lives in the forest.'] })
    expect((await library.find({ query: 'okapi' })).hits[0]!.chunk.text).toContain('okapi')
    expect((await library.find({ query: 'okapi', mode: 'semantic' })).hits[0]!.chunk.text).toContain('okapi')
    const sha256 = library.documents.at(-1)!.sha256
    library.vectors.drop(sha256)
    library.index.drop(sha256)
    for (const mode of ['hybrid', 'semantic', 'keyword', 'exact'] as const) {
      expect(
        (await library.find({ query: 'okapi', mode })).hits.some((hit) => hit.chunk.text.includes('okapi')),
      ).toBe(false)
    }
  })

  it('searches words alone when the model fails or belongs to another space, and says so', async () => {
    library = makeLibrary(documents, {
      embedder: () => ({
        space: 'hash-64',
        embedQuery: async () => {
          throw new Error('broken model')
        },
      }),
    })
    const update = await library.find({ query: '押金' })
    expect(update.notes).toContain('semantic-unavailable')
    expect(titles(update)[0]).toBe('租房')
  })

  it('gives up when the caller does', async () => {
    library = makeLibrary(documents)
    const controller = new AbortController()
    const run = library.search.run({ query: '押金' }, controller.signal)
    await run.next()
    controller.abort()
    await expect(run.next()).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('[SE2] answers any string, or refuses it with a typed error', async () => {
    library = makeLibrary(documents)
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc
        .array(
          fc.constantFrom(
            '"',
            "'",
            '“',
            '”',
            '「',
            '*',
            '(',
            ')',
            'AND',
            'OR',
            'NEAR',
            ':',
            '：',
            '-',
            '\0',
            '\ud800',
            '猫',
            'run',
            'type:',
            'tag:',
            'before:2024-13-45',
            '^',
            '{',
            '}',
            '+',
            ' ',
          ),
          { maxLength: 12 },
        )
        .map((parts) => parts.join('')),
    )
    await fc.assert(
      fc.asyncProperty(
        nasty,
        fc.constantFrom('hybrid' as const, 'keyword' as const, 'semantic' as const, 'exact' as const),
        fc.boolean(),
        async (query, mode, typing) => {
          SearchUpdate.parse(await library.find({ query, mode, typing }))
        },
      ),
      { numRuns: 300 },
    )
    for (const query of [
      'x'.repeat(100_000),
      '猫'.repeat(100_000),
      'a b '.repeat(25_000),
      '"'.repeat(100_000),
      '(('.repeat(50_000),
      '\0'.repeat(1000),
      '-'.repeat(1000),
    ]) {
      const update = await library.find({ query })
      expect(update.notes.includes('query-cut')).toBe(query.length > 10_000)
    }
  })
})
