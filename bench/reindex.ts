/**
 * Searching while another index is built, against searching while nothing is [RE1]: the same engine, the same queries, idle and
 * building in turns, so that what else the machine does falls on both. Prints the ratio of the 95th percentiles of
 * each round and the median of the rounds; the promise is 1.5. `--encoder` builds with a graph of MiniLM-L6's size.
 *
 *   node bench/reindex.ts [--encoder] [--notes 800] [--rounds 7] [--queries 60] [--sets ../shared/evaluation]
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createEngine } from '../src/core/engine.ts'
import { readBeir } from '../src/core/evaluate/beir.ts'
import { createModelCatalog } from '../src/core/models/catalog.ts'
import { loadTokenizer } from '../src/core/models/load.ts'
import { createNodeHost } from '../src/core/node-host.ts'
import { modelsFolder } from '../src/core/store/library/layout.ts'
import { SearchRequest } from '../src/shared/search.ts'
import { writeEncoder } from './embedding-graph.ts'
import { writeNotes } from './notes.ts'

const { values } = parseArgs({
  options: {
    encoder: { type: 'boolean', default: false },
    notes: { type: 'string', default: '800' },
    rounds: { type: 'string', default: '7' },
    queries: { type: 'string', default: '60' },
    sets: { type: 'string', default: '../shared/evaluation' },
    rerank: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const perRound = Number(values.queries)
/** Between two searches of a person who tries one thing after another. */
const pauseMs = 40

const base = mkdtempSync(join(tmpdir(), 'manifold-bench-reindex-'))
const notes = join(base, 'notes')
const libraryDir = join(base, 'library')
mkdirSync(notes)
const host = createNodeHost()
writeNotes(notes, Number(values.notes), values.sets)
const queries = ['squad-en', 'cmrc2018-zh', 'cranfield-en', 'xquad-zh'].flatMap((name) =>
  existsSync(join(values.sets, name)) ? readBeir(join(values.sets, name)).queries.map((one) => one.text) : [],
)
if (queries.length === 0)
  queries.push('river garden', '房租 押金', 'the memory of the machine', '知识库怎么搜索')

const engine = await createEngine({ host, libraryDir, version: 'bench', watch: false })
try {
  await engine.local.add({ paths: [notes] })
  await engine.idle()
  if (values.encoder) {
    const catalog = createModelCatalog({ builtInDir: host.resources.models, localDir: null })
    const model = await catalog.resolveModel('manifold-static-256')
    const folder = join(modelsFolder(libraryDir), 'bench-encoder')
    mkdirSync(folder, { recursive: true })
    writeEncoder(folder, (await loadTokenizer(model)).size)
    copyFileSync(model.tokenizerFile, join(folder, 'tokenizer.json'))
    copyFileSync(model.tokenizerConfigFile!, join(folder, 'tokenizer_config.json'))
    // Random weights make no sense of any text.
    await engine.models.override({ id: 'bench-encoder', on: true })
  }
  const { chunks } = await engine.system.status()
  console.log(
    `${values.notes} notes, ${chunks} chunks; building with ${values.encoder ? 'an encoder of MiniLM-L6 size' : 'the context model'}`,
  )
  await round(10)
  const ratios: { p50: number; p95: number; cpu: number }[] = []
  let tokens = 200
  for (let i = 0; i < rounds; i++) {
    const idle = await round(perRound)
    if (!(await engine.system.status()).reindex) {
      // A new one, or the last is used up: other sizes, so that nothing is there already.
      tokens = tokens === 200 ? 120 : 200
      await engine.settings.update({
        embeddingModel: values.encoder ? 'bench-encoder' : 'manifold-context-384',
        chunking: { targetTokens: tokens },
        afterReindex: 'compare',
      })
    } else await engine.reindex.resume()
    await underWay()
    const busy = await round(perRound)
    const { reindex } = await engine.system.status()
    const whole = reindex?.state === 'building'
    console.log(
      `  round ${i + 1}: idle p50 ${idle.p50.toFixed(1)} p95 ${idle.p95.toFixed(1)} ms, building p50 ${busy.p50.toFixed(1)} p95 ${busy.p95.toFixed(1)} ms: ${(busy.p95 / idle.p95).toFixed(2)} x${whole ? '' : ' (left out: it was built before the round ended)'}`,
    )
    if (whole) {
      ratios.push({ p50: busy.p50 / idle.p50, p95: busy.p95 / idle.p95, cpu: busy.cpu / idle.cpu })
      await engine.reindex.pause()
    } else await engine.reindex.cancel()
    await engine.idle()
  }
  const median = (of: (ratio: (typeof ratios)[number]) => number) =>
    ratios.map(of).sort((a, b) => a - b)[Math.floor(ratios.length / 2)]!
  if (ratios.length === 0) console.log('  no round was whole: take more notes')
  else
    console.log(
      `  median of ${ratios.length} rounds: p95 ${median((one) => one.p95).toFixed(2)} x, p50 ${median((one) => one.p50).toFixed(2)} x, processor time a search ${median((one) => one.cpu).toFixed(2)} x`,
    )
} finally {
  await engine.close()
  rmSync(base, { recursive: true, force: true })
}

/** Until passages are really being embedded. */
async function underWay(): Promise<void> {
  const from = (await engine.system.status()).reindex?.chunksDone ?? 0
  for (let i = 0; i < 400; i++) {
    const { reindex } = await engine.system.status()
    if (!reindex || reindex.state !== 'building' || reindex.chunksDone > from) return
    await sleep(50)
  }
}

async function round(count: number): Promise<{ p50: number; p95: number; cpu: number }> {
  const times: number[] = []
  const used = process.cpuUsage()
  for (let i = 0; i < count; i++) {
    const request = SearchRequest.parse({
      query: queries[(i * 37) % queries.length]!,
      rerank: values.rerank,
    })
    const from = performance.now()
    for await (const update of engine.search.run(request, new AbortController().signal))
      if (update.stage === 'complete') times.push(performance.now() - from)
    await sleep(pauseMs)
  }
  const { user, system } = process.cpuUsage(used)
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(share * (times.length - 1))]!
  return { p50: at(0.5), p95: at(0.95), cpu: (user + system) / 1000 / count }
}
