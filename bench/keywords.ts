/**
 * What frequent terms cost and what leaving them out costs: time and nDCG@10 of the keyword leg by the number of postings
 * a query may touch, and how fast keyword rows are written. Figures: docs/decisions/0002-keywords.md.
 *
 *   node bench/keywords.ts <texts.jsonl.gz> [--chunks 100000] [--sets ../shared/evaluation] [--queries 100]
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Chunk } from '../src/core/chunk/types.ts'
import { readBeir, readDistractors, type BeirDocument } from '../src/core/evaluate/beir.ts'
import { ndcg } from '../src/core/evaluate/metrics.ts'
import { indexedTokens } from '../src/core/search/keyword-tokens.ts'
import { columnWeights, createStatistics, keywordQuery } from '../src/core/search/keyword.ts'
import { openIndexReader } from '../src/core/store/index/index-reader.ts'
import { openIndexStore } from '../src/core/store/index/index-store.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    chunks: { type: 'string', default: '100000' },
    sets: { type: 'string', default: '../shared/evaluation' },
    queries: { type: 'string', default: '100' },
  },
})
if (positionals[0] === undefined) throw new Error('node bench/keywords.ts <texts.jsonl.gz>')
const setNames = ['cranfield-en', 'squad-en', 'cmrc2018-zh', 'xquad-zh']
const sets = setNames.map((name) => readBeir(join(values.sets, name)))
const texts = readDistractors(positionals[0]).slice(0, Number(values.chunks))

const sha = (text: string): string => createHash('sha256').update(text).digest('hex')
const keys: string[] = []
function chunkOf({ title, text }: BeirDocument): Chunk[] {
  const input = title === '' ? text : `${title}\n${text}`
  const chunk: Chunk = {
    ordinal: 0,
    start: 0,
    end: text.length,
    overlapChars: 0,
    text,
    headings: title === '' ? [] : [title],
    pageStart: null,
    pages: [],
    pageEnd: null,
    lineStart: 1,
    lineEnd: 1,
    tokens: 1,
    input,
    inputHash: sha(input),
    truncated: false,
  }
  return [chunk]
}
// Sets share passages; the first holder's row stands for all.
const idOfText = new Map<string, number>()
const rows: { key: string; document: BeirDocument }[] = []
for (const document of [...sets.flatMap((set) => set.documents), ...texts]) {
  const key = `${document.title}\n${document.text}`
  if (document.text.trim() === '' || idOfText.has(key)) continue
  keys.push(key)
  idOfText.set(key, keys.length)
  rows.push({ key, document })
}
const chars = rows.reduce((sum, row) => sum + row.document.text.length, 0)

const folder = mkdtempSync(join(tmpdir(), 'manifold-bench-'))
const path = join(folder, 'index.db')
const store = openIndexStore(path, { recipe: 'bench' })
let start = performance.now()
for (const { document } of rows) indexedTokens(document.text)
const tokenising = performance.now() - start
start = performance.now()
for (let at = 0; at < rows.length; at += 64) {
  store.putMany(
    rows.slice(at, at + 64).map(({ key, document }) => ({
      sha256: sha(key),
      title: document.title || null,
      chunks: chunkOf(document),
    })),
  )
}
const writing = performance.now() - start
start = performance.now()
store.refreshFrequent()
const refreshing = performance.now() - start
store.close()
const perSecond = (ms: number): string => `${Math.round((rows.length / ms) * 1000)} chunks/s`
console.log(`${rows.length} chunks, ${(chars / 1e6).toFixed(1)} M characters`)
console.log(`tokenising alone ${perSecond(tokenising)}; texts, chunks and keywords ${perSecond(writing)}`)
console.log(
  `frequent terms ${refreshing.toFixed(0)} ms; file ${(statSync(path).size / rows.length).toFixed(0)} bytes a chunk`,
)

const reader = openIndexReader(path)
const perSet = Number(values.queries)
const queries = sets.flatMap((set) =>
  Array.from({ length: Math.min(perSet, set.queries.length) }, (_, i) => {
    const query = set.queries[Math.floor((i * set.queries.length) / Math.min(perSet, set.queries.length))]!
    const textOf = new Map(
      set.documents.map((document) => [document.id, `${document.title}\n${document.text}`]),
    )
    const grades = new Map(
      [...set.judgements.get(query.id)!].map(([id, grade]) => [
        String(idOfText.get(textOf.get(id) ?? '') ?? -1),
        grade,
      ]),
    )
    return { set: set.name, text: query.text, grades }
  }),
)
// Long: two questions of one set as one.
const long = queries.slice(1).map((query, i) => `${queries[i]!.text} ${query.text}`)
const statistics = createStatistics(reader, rows.length)
for (const { text } of queries) keywordQuery(text, null, statistics)

const percentile = (times: number[], share: number): string =>
  times.sort((a, b) => a - b)[Math.floor(share * (times.length - 1))]!.toFixed(1)
console.log(
  `budget of postings | question p50 p95 ms | long p50 p95 ms | searched tokens | ${setNames.join(' ')} (nDCG@10)`,
)
for (const budget of [Infinity, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000]) {
  const run = (text: string) => {
    const query = keywordQuery(text, null, statistics, budget)
    const hits = query.expression ? reader.match(query.expression, columnWeights, 100, null) : []
    return { hits, searched: query.tokens.filter((token) => token.searched).length, all: query.tokens.length }
  }
  const timed = (all: string[]): number[] =>
    all.map((text) => {
      const from = performance.now()
      run(text)
      return performance.now() - from
    })
  const short = timed(queries.map((query) => query.text))
  const longer = timed(long)
  let searched = 0
  let all = 0
  const scores = setNames.map((name) => {
    const own = queries.filter((query) => query.set === name)
    const sum = own.reduce((total, query) => {
      const result = run(query.text)
      searched += result.searched
      all += result.all
      return (
        total +
        ndcg(
          result.hits.map((hit) => String(hit.id)),
          query.grades,
          10,
        )
      )
    }, 0)
    return (sum / own.length).toFixed(3)
  })
  console.log(
    `${String(budget).padStart(18)} | ${percentile(short, 0.5)} ${percentile(short, 0.95)} | ${percentile(longer, 0.5)} ${percentile(longer, 0.95)} | ${((100 * searched) / all).toFixed(0)} % | ${scores.join(' ')}`,
  )
}
reader.close()
rmSync(folder, { recursive: true, force: true })
