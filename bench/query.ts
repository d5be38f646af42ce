/**
 * Time of a query without rerank: parse, both legs, fusion, snippets, on the search thread's own code; the query's vector is
 * made before. Wall and processor milliseconds (the second is the honest one on a busy machine), filters beside no filter.
 * Then the reranker over the first 50, 100 and all passages that such a query brings it.
 *
 *   node bench/query.ts <texts.jsonl.gz> [--chunks 20000] [--sets ../shared/evaluation] [--queries 150]
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createEmbedder } from '../src/core/embed/embedder.ts'
import { readBeir, readDistractors } from '../src/core/evaluate/beir.ts'
import { buildCorpus } from '../src/core/evaluate/corpus.ts'
import { createModelCatalog } from '../src/core/models/catalog.ts'
import { startInference } from '../src/core/models/inference.ts'
import { createNodeHost } from '../src/core/node-host.ts'
import { createReranker } from '../src/core/rerank/reranker.ts'
import type { DocumentLookup } from '../src/core/search/documents.ts'
import { createSearchJobs } from '../src/core/search/jobs.ts'
import { SearchRequest } from '../src/shared/search.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    chunks: { type: 'string', default: '20000' },
    sets: { type: 'string', default: '../shared/evaluation' },
    queries: { type: 'string', default: '150' },
  },
})
if (positionals[0] === undefined) throw new Error('node bench/query.ts <texts.jsonl.gz>')
const host = createNodeHost()
const inference = startInference(host, { threads: 1 })
const catalog = createModelCatalog({ builtInDir: host.resources.models, localDir: null })
const embedder = await createEmbedder({ inference, model: await catalog.resolveModel('manifold-static-256') })
const corpus = await buildCorpus({
  documents: [],
  distractors: readDistractors(positionals[0]).slice(0, Number(values.chunks)),
  embedder,
})
const perSet = Math.ceil(Number(values.queries) / 4)
const queries = ['cranfield-en', 'squad-en', 'cmrc2018-zh', 'xquad-zh'].flatMap((name) => {
  const all = readBeir(join(values.sets, name)).queries
  return Array.from({ length: perSet }, (_, i) => all[Math.floor((i * all.length) / perSet)]!.text)
})
const vectors: Float32Array[] = []
for (const query of queries) vectors.push(await embedder.embedQuery(query))

const shas = corpus.live.texts.all().map((text) => text.sha256)
const allowedOf = (share: number): Set<string> =>
  new Set(shas.filter((_, i) => Math.floor(i * share) < Math.floor((i + 1) * share)))
const percentile = (times: number[], share: number): number =>
  [...times].sort((a, b) => a - b)[Math.floor(share * (times.length - 1))]!
console.log(`${corpus.chunks} chunks, ${queries.length} questions, hybrid without rerank, 20 hits`)
let usual = 0
const passages: string[][] = []
for (const share of [1, 0.5, 0.01]) {
  const allowed = allowedOf(share)
  const lookup: DocumentLookup = { ...corpus.lookup, allowed: () => allowed, close: () => {} }
  const jobs = createSearchJobs(lookup)
  jobs.warm()
  const wall: number[] = []
  const cpu: number[] = []
  for (let round = 0; round < 2; round++) {
    for (const [i, query] of queries.entries()) {
      const request = SearchRequest.parse({ query, ...(share < 1 ? { filters: { documentIds: [1] } } : {}) })
      const from = performance.now()
      const used = process.cpuUsage()
      const begun = await jobs.begin({ request, vector: { space: embedder.space, values: vectors[i]! } })
      const more = process.cpuUsage(used)
      const took = performance.now() - from
      if (share === 1) passages[i] = begun.passages.map(({ text }) => text)
      if (round === 0) continue
      wall.push(took)
      cpu.push((more.user + more.system) / 1000)
    }
  }
  if (share === 1) usual = percentile(cpu, 0.5)
  console.log(
    `  ${share === 1 ? 'no filter        ' : `filter leaves ${String(share * 100).padEnd(2)}%`}  wall p50 ${percentile(wall, 0.5).toFixed(1)} p95 ${percentile(wall, 0.95).toFixed(1)} ms, processor p50 ${percentile(cpu, 0.5).toFixed(1)} p95 ${percentile(cpu, 0.95).toFixed(1)} ms, ${(percentile(cpu, 0.5) / usual).toFixed(2)} x`,
  )
  jobs.close()
}

const reranker = await createReranker({
  inference,
  model: await catalog.resolveModel('manifold-late-interaction'),
})
const depths = [50, 100, Infinity]
const times = depths.map(() => [] as number[])
for (const [i, query] of queries.entries()) {
  for (const [j, depth] of depths.entries()) {
    const from = performance.now()
    await reranker.score(query, passages[i]!.slice(0, depth))
    times[j]!.push(performance.now() - from)
  }
}
const mean = passages.reduce((sum, some) => sum + some.length, 0) / passages.length
console.log(`reranker, all: ${mean.toFixed(0)} passages a query`)
for (const [j, depth] of depths.entries()) {
  console.log(
    `  first ${depth === Infinity ? 'all' : String(depth).padEnd(3)}  wall p50 ${percentile(times[j]!, 0.5).toFixed(0)} p95 ${percentile(times[j]!, 0.95).toFixed(0)} ms, ${(percentile(times[j]!, 0.5) / percentile(times[0]!, 0.5)).toFixed(2)} x`,
  )
}
await reranker.close()
corpus.close()
await embedder.close()
await inference.close()
