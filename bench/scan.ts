/**
 * Which scan finds the nearest of a million vectors: codes in memory or SQL, one bit a dimension or two? Times, and recall
 * of scan + rescoring against exact search. Figures: docs/decisions/0001-scan.md.
 *
 *   node bench/scan.ts [--codes 1000000] [--vectors 50000] [--texts <corpus.jsonl.gz> --sets ../shared/evaluation]
 *
 * With --texts the vectors are the built-in model's own, the queries those of the sets; without, both are drawn at random
 * about common centres, which is harder: nothing is really near anything.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { createEmbedder } from '../src/core/embed/embedder.ts'
import { readBeir, readDistractors } from '../src/core/evaluate/beir.ts'
import { mulberry32 } from '../src/core/evaluate/metrics.ts'
import { createModelCatalog } from '../src/core/models/catalog.ts'
import { startInference } from '../src/core/models/inference.ts'
import { createNodeHost } from '../src/core/node-host.ts'
import { createCodeTable, type CodeSource } from '../src/core/search/codes.ts'
import { semanticSearch } from '../src/core/search/semantic.ts'
import { codeBytes } from '../src/core/store/vectors/codes.ts'
import { loadVectorFunctions } from '../src/core/store/vectors/sqlite-vec.ts'
import { openVectorReader, type CodeRow } from '../src/core/store/vectors/vector-reader.ts'
import { openVectorStore } from '../src/core/store/vectors/vector-store.ts'

const { values } = parseArgs({
  options: {
    codes: { type: 'string', default: '1000000' },
    vectors: { type: 'string', default: '50000' },
    texts: { type: 'string' },
    sets: { type: 'string', default: '../shared/evaluation' },
  },
})
const dimensions = 256
const setNames = ['cranfield-en', 'squad-en', 'cmrc2018-zh', 'xquad-zh', 'xquad-zh2en', 'xquad-en2zh']
const random = mulberry32(1)
const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1]!
function time(work: () => void, rounds = 9): number {
  work()
  return median(
    Array.from({ length: rounds }, () => {
      const start = performance.now()
      work()
      return performance.now() - start
    }),
  )
}
const ms = (value: number): string => `${value.toFixed(1)} ms`
const unit = (vector: Float32Array): Float32Array => {
  const norm = Math.hypot(...vector)
  return vector.map((value) => value / norm)
}
const gaussian = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

async function makeVectors(count: number): Promise<{ vectors: Float32Array[]; queries: Float32Array[] }> {
  if (values.texts !== undefined) {
    const host = createNodeHost()
    const inference = startInference(host, { threads: 1 })
    const catalog = createModelCatalog({ builtInDir: host.resources.models, localDir: null })
    const embedder = await createEmbedder({
      inference,
      model: await catalog.resolveModel('manifold-static-256'),
    })
    const texts = readDistractors(values.texts)
      .slice(0, count)
      .map((row) => row.text.slice(0, 800))
    const vectors: Float32Array[] = []
    for (let at = 0; at < texts.length; at += 512)
      vectors.push(...(await embedder.embedDocuments(texts.slice(at, at + 512))))
    const questions = setNames.flatMap((name) => {
      const all = readBeir(join(values.sets, name)).queries
      return Array.from({ length: 40 }, (_, i) => all[Math.floor((i * all.length) / 40)]!.text)
    })
    const queries: Float32Array[] = []
    for (const question of questions) queries.push(await embedder.embedQuery(question))
    await embedder.close()
    await inference.close()
    return { vectors, queries }
  }
  const spread = Float32Array.from({ length: dimensions }, (_, i) => (i + 1) ** -0.4)
  const draw = (centre: Float32Array | null, share: number): Float32Array =>
    unit(spread.map((scale, i) => (centre ? centre[i]! * share : 0) + scale * gaussian() * 0.2))
  const centres = Array.from({ length: 2000 }, () => draw(null, 0))
  const vectors = Array.from({ length: count }, () => draw(centres[Math.floor(random() ** 2 * 2000)]!, 0.5))
  const queries = Array.from({ length: 200 }, () => draw(vectors[Math.floor(random() * count)]!, 0.5))
  return { vectors, queries }
}

/** One bit a dimension: distances by popcount (Hacker's Delight, figure 5-2), best by counting sort. */
function createSignTable(words: Uint32Array, width: number) {
  const count = words.length / width
  const distances = new Uint16Array(count)
  const popcount = (word: number): number => {
    word -= (word >>> 1) & 0x55555555
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
    return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return (query: Uint32Array, limit: number, only: Uint8Array | null): number[] => {
    const histogram = new Uint32Array(32 * width + 1)
    const [a, b, c, d, e, f, g, h] = query as unknown as number[]
    for (let slot = 0, at = 0; slot < count; slot++, at += 8) {
      const distance =
        popcount(words[at]! ^ a!) +
        popcount(words[at + 1]! ^ b!) +
        popcount(words[at + 2]! ^ c!) +
        popcount(words[at + 3]! ^ d!) +
        popcount(words[at + 4]! ^ e!) +
        popcount(words[at + 5]! ^ f!) +
        popcount(words[at + 6]! ^ g!) +
        popcount(words[at + 7]! ^ h!)
      distances[slot] = distance
      if (!only || only[slot + 1] === 1) histogram[distance]!++
    }
    let border = 0
    for (let sum = 0; border < histogram.length; border++) if ((sum += histogram[border]!) >= limit) break
    const buckets: number[][] = Array.from({ length: border + 1 }, () => [])
    for (let slot = 0; slot < count; slot++) {
      if (distances[slot]! <= border && (!only || only[slot + 1] === 1))
        buckets[distances[slot]!]!.push(slot + 1)
    }
    return buckets.flat().slice(0, limit)
  }
}
const signsOf = (vector: Float32Array, into: Uint32Array, at: number): void => {
  for (let i = 0; i < vector.length; i++) if (vector[i]! > 0) into[at + (i >> 5)]! |= 1 << (i & 31)
}

// 1. A million codes in memory. Their content does not matter for time.
const total = Number(values.codes)
const noise = Buffer.alloc(total * 64)
for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE(Math.floor(random() * 2 ** 32), at)
const source = (count: number): CodeSource => ({
  epoch: () => 0,
  lastDropped: () => 0,
  droppedAfter: () => [],
  codesAfter: (id: number, limit: number): CodeRow[] =>
    Array.from({ length: Math.min(limit, count - id) }, (_, i) => ({
      id: id + i + 1,
      chunkId: id + i + 1,
      code: noise.subarray((id + i) * 64, (id + i + 1) * 64),
    })),
})
const million = createCodeTable(dimensions)
million.refresh(source(total))
const query = unit(Float32Array.from({ length: dimensions }, gaussian))
const signQuery = new Uint32Array(8)
signsOf(query, signQuery, 0)
const bySigns = createSignTable(new Uint32Array(noise.buffer, noise.byteOffset, total * 8), 8)
const mask = (share: number): Uint8Array =>
  Uint8Array.from({ length: total + 1 }, () => (random() < share ? 1 : 0))
console.log(`${total} codes of ${dimensions} dimensions in memory, best 500`)
let first = { signs: 0, levels: 0 }
for (const share of [1, 0.5, 0.01]) {
  const only = share === 1 ? null : mask(share)
  const signs = time(() => void bySigns(signQuery, 500, only))
  const levels = time(() => void million.scan(query, 500, only))
  if (share === 1) first = { signs, levels }
  console.log(
    `  filter leaves ${String(share * 100).padEnd(3)} %: one bit ${ms(signs)} (${(signs / first.signs).toFixed(2)} x), two bits ${ms(levels)} (${(levels / first.levels).toFixed(2)} x)`,
  )
}

// 2. The same by SQL, on fewer.
const fewer = Math.min(total, 200_000)
const sql = new Database(':memory:')
loadVectorFunctions(sql)
sql.exec(
  `CREATE TABLE codes (id INTEGER PRIMARY KEY, code BLOB); CREATE VIRTUAL TABLE vec USING vec0(code bit[256])`,
)
const addCode = sql.prepare('INSERT INTO codes VALUES (?, ?)')
const addVec = sql.prepare('INSERT INTO vec (rowid, code) VALUES (?, vec_bit(?))')
sql.transaction(() => {
  for (let i = 0; i < fewer; i++) {
    const code = noise.subarray(i * 32, i * 32 + 32)
    addCode.run(BigInt(i + 1), code)
    addVec.run(BigInt(i + 1), code)
  }
})()
const fewSigns = createSignTable(new Uint32Array(noise.buffer, noise.byteOffset, fewer * 8), 8)
const few = createCodeTable(dimensions)
few.refresh(source(fewer))
const queryCode = Buffer.from(signQuery.buffer)
console.log(`${fewer} codes, best 500`)
const inMemory = time(() => void fewSigns(signQuery, 500, null))
console.log(`  memory, one bit                     ${ms(inMemory)}`)
const twoBits = time(() => void few.scan(query, 500, null))
console.log(`  memory, two bits                    ${ms(twoBits)}  ${(twoBits / inMemory).toFixed(1)} x`)
const order = sql.prepare(
  'SELECT id FROM codes ORDER BY vec_distance_hamming(vec_bit(code), vec_bit(?)) LIMIT 500',
)
const byOrder = time(() => void order.all(queryCode), 5)
console.log(`  ORDER BY vec_distance_hamming LIMIT ${ms(byOrder)}  ${(byOrder / inMemory).toFixed(1)} x`)
const match = sql.prepare('SELECT rowid FROM vec WHERE code MATCH vec_bit(?) AND k = ?')
for (const k of [10, 500]) {
  const byMatch = time(() => void match.all(queryCode, BigInt(k)), 5)
  console.log(
    `  vec0 MATCH k=${String(k).padEnd(3)}                    ${ms(byMatch)}  ${(byMatch / inMemory).toFixed(1)} x`,
  )
}
sql.close()

// 3. Recall of scan + rescoring, and what rescoring costs.
const { vectors, queries } = await makeVectors(Number(values.vectors))
const folder = mkdtempSync(join(tmpdir(), 'manifold-bench-'))
const path = join(folder, 'vectors.db')
const options = { space: 'bench', dimensions, indexUuid: 'bench' }
const store = openVectorStore(path, options)
const rows = vectors.map((vector, i) => ({
  chunkId: i + 1,
  inputHash: createHash('sha256').update(String(i)).digest('hex'),
  vector,
}))
const started = performance.now()
for (let at = 0; at < rows.length; at += 1000) store.put(String(at), rows.slice(at, at + 1000))
const wrote = performance.now() - started
const reader = openVectorReader(path, options)
const codes = createCodeTable(dimensions)
codes.refresh(reader)
console.log(
  `${vectors.length} ${values.texts === undefined ? 'drawn' : 'model'} vectors, ${queries.length} queries; written at ${Math.round(rows.length / wrote)} a ms`,
)
const exactTop = (vector: Float32Array, only: Uint8Array | null): number[] => {
  const scored: [number, number][] = []
  vectors.forEach((other, i) => {
    if (only && only[i + 1] !== 1) return
    let dot = 0
    for (let k = 0; k < dimensions; k++) dot += vector[k]! * other[k]!
    scored.push([dot, i + 1])
  })
  return scored
    .sort((a, b) => b[0] - a[0])
    .slice(0, 10)
    .map(([, id]) => id)
}
for (const share of [1, 0.5, 0.01]) {
  const only =
    share === 1 ? null : Uint8Array.from({ length: vectors.length + 1 }, () => (random() < share ? 1 : 0))
  const times: number[] = []
  let found = 0
  let wanted = 0
  for (const one of queries) {
    const start = performance.now()
    const { hits } = semanticSearch(reader, codes, one, only)
    times.push(performance.now() - start)
    const best = new Set(exactTop(one, only))
    wanted += best.size
    found += hits.slice(0, 10).filter((hit) => best.has(hit.id)).length
  }
  console.log(
    `  filter leaves ${String(share * 100).padEnd(3)} %: ${ms(median(times))}, recall@10 ${(found / wanted).toFixed(4)}`,
  )
}
const signs = new Uint32Array(vectors.length * 8)
vectors.forEach((vector, i) => signsOf(vector, signs, i * 8))
const nearBySigns = createSignTable(signs, 8)
const best = queries.map((one) => new Set(exactTop(one, null)))
const recallOf = (scan: (vector: Float32Array) => number[]): string => {
  let found = 0
  queries.forEach((one, i) => {
    const top = [...reader.cosines(one, scan(one))].sort((a, b) => b[1] - a[1]).slice(0, 10)
    found += top.filter(([id]) => best[i]!.has(id)).length
  })
  return (found / (10 * queries.length)).toFixed(4)
}
for (const depth of [100, 200, 300, 500, 1000]) {
  const byOneBit = recallOf((one) => {
    const code = new Uint32Array(8)
    signsOf(one, code, 0)
    return nearBySigns(code, depth, null)
  })
  const byTwoBits = recallOf((one) => codes.scan(one, depth, null).chunkIds)
  const cost = time(() => void reader.cosines(queries[0]!, codes.scan(queries[0]!, depth, null).chunkIds), 5)
  console.log(
    `  best ${String(depth).padEnd(4)} rescored: recall@10 one bit ${byOneBit}, two bits ${byTwoBits}; ${ms(cost)}`,
  )
}
console.log(`code bytes a vector: ${codeBytes(dimensions)}`)
reader.close()
store.close()
rmSync(folder, { recursive: true, force: true })
