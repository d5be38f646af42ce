/**
 * How fusion and blend were chosen (docs/decisions/0003-fusion.md). `dump` writes, for queries of the development sets among
 * distractors, the evidence of every candidate; `fit` searches the weights on such files and prints the table.
 *
 *   node bench/fusion.ts dump <out.jsonl> --sets <folder> [--distractors <file>] [--queries 150] [--rerank]
 *   node bench/fusion.ts fit <dump.jsonl>... [--removed 1.5]   how much lists without their answers count in the calibration
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createEmbedder } from '../src/core/embed/embedder.ts'
import { readBeir, readDistractors, type BeirDocument } from '../src/core/evaluate/beir.ts'
import { buildCorpus } from '../src/core/evaluate/corpus.ts'
import { calibrationOf, ndcg } from '../src/core/evaluate/metrics.ts'
import { createModelCatalog } from '../src/core/models/catalog.ts'
import { startInference } from '../src/core/models/inference.ts'
import { createNodeHost } from '../src/core/node-host.ts'
import { createReranker } from '../src/core/rerank/reranker.ts'
import { blendedSum, blendWeights, listFeatures, parametersOf, sigmoid } from '../src/core/search/blend.ts'
import { fusedScore, fusionWeights } from '../src/core/search/fuse.ts'
import { keywordQuery } from '../src/core/search/keyword.ts'
import { passagesOf } from '../src/core/search/order.ts'
import { parseQuery } from '../src/core/search/parse.ts'
import { retrieve } from '../src/core/search/retrieve.ts'

const setNames = [
  'cranfield-en',
  'squad-en',
  'cmrc2018-zh',
  'xquad-zh',
  'xquad-zh2en',
  'xquad-en2zh',
  'tatoeba-zh2en',
]

export interface DumpedQuery {
  set: string
  query: string
  /** Relevant documents there are, found or not. */
  grades: number[]
  mass: number
  /** idf and chunks of each searched or left-out token. */
  tokens: [string, number, number, number, boolean][]
  /** Best chunk first as fused when dumped: [document, grade, BM25, cosine, outlier, calibrated log-odds or null, in another script] */
  candidates: [string, number, number, number, number, number | null, boolean][]
}

async function dump(
  out: string,
  sets: string,
  distractorFile: string | undefined,
  perSet: number,
): Promise<void> {
  const host = createNodeHost()
  const inference = startInference(host, { threads: 1 })
  const catalog = createModelCatalog({ builtInDir: host.resources.models, localDir: null })
  const embedder = await createEmbedder({
    inference,
    model: await catalog.resolveModel('manifold-static-256'),
  })
  const reranker = values.rerank
    ? await createReranker({ inference, model: await catalog.resolveModel('manifold-late-interaction') })
    : null
  const loaded = setNames.map((name) => readBeir(join(sets, name)))
  // Several sets hold the same passages: one text is one document, relevant to whoever judged any of its copies.
  const byText = new Map<string, BeirDocument>()
  const keyOf = new Map<string, string>()
  for (const set of loaded) {
    for (const document of set.documents) {
      const text = `${document.title}\n${document.text}`
      const known = byText.get(text) ?? { ...document, id: `d${byText.size}` }
      byText.set(text, known)
      keyOf.set(`${set.name} ${document.id}`, known.id)
    }
  }
  const corpus = await buildCorpus({
    documents: [...byText.values()],
    distractors: distractorFile === undefined ? [] : readDistractors(distractorFile),
    embedder,
    onProgress: (done, total) => process.stderr.write(`\rindexing ${done} of ${total}  `),
  })
  writeFileSync(out, '')
  for (const set of loaded) {
    const own = new Set(set.documents.map((document) => keyOf.get(`${set.name} ${document.id}`)!))
    const allowed = new Set(
      corpus.live.texts
        .all()
        .map((text) => text.sha256)
        .filter((sha256) => {
          const id = corpus.idOf(sha256)
          return id === null || own.has(id)
        }),
    )
    // Another version, so that the mask remembered for the last set is not taken for this one's.
    const lookup = { ...corpus.lookup, version: () => loaded.indexOf(set), allowed: () => allowed }
    const step = Math.max(1, set.queries.length / perSet)
    for (let at = 0; at < set.queries.length; at += step) {
      const query = set.queries[Math.floor(at)]!
      const grades = new Map(
        [...set.judgements.get(query.id)!].map(([id, grade]) => [keyOf.get(`${set.name} ${id}`)!, grade]),
      )
      const parsed = parseQuery(query.text)
      const vector = await embedder.embedQuery(parsed.text)
      // Other sets hold translations of this one's passages: only its own documents and the distractors may answer.
      const filter = { documentIds: [0] }
      const { groups, mass } = retrieve(corpus.live, lookup, { parsed, filter, mode: 'hybrid', vector })
      const passages = reranker ? passagesOf(corpus.live, groups) : []
      const texts = passages.map((passage) => passage.text)
      const logits = reranker ? await reranker.score(parsed.text, texts) : new Float32Array(0)
      const { scale, bias } = reranker?.calibration ?? { scale: 1, bias: 0 }
      const logitOf = new Map(passages.map((passage, i) => [passage.chunkId, scale * logits[i]! + bias]))
      const dumped: DumpedQuery = {
        set: set.name,
        query: query.text,
        grades: [...grades.values()],
        mass,
        tokens: keywordQuery(parsed.text, null, corpus.live.statistics()).tokens.map((token) => [
          token.text,
          token.group,
          token.idf,
          token.chunks,
          token.searched,
        ]),
        candidates: groups.flatMap((group) => {
          const id = corpus.idOf(group.document.sha256) ?? `x${group.document.id}`
          return group.candidates.map((one): DumpedQuery['candidates'][number] => [
            id,
            grades.get(id) ?? 0,
            one.keyword?.score ?? 0,
            one.semantic?.cosine ?? 0,
            one.semantic?.outlier ?? 0,
            logitOf.get(one.chunkId) ?? null,
            one.foreign,
          ])
        }),
      }
      appendFileSync(out, `${JSON.stringify(dumped)}\n`)
    }
    process.stderr.write(`\r${set.name} done          `)
  }
  process.stderr.write('\n')
  corpus.close()
  await reranker?.close()
  await embedder.close()
  await inference.close()
}

interface Evidence {
  document: string
  grade: number
  share: number
  outlier: number
  logit: number | null
  foreign: boolean
}

type Sets = Map<string, { grades: Map<string, number>; evidence: Evidence[] }[]>

function read(file: string): Sets {
  const sets: Sets = new Map()
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue
    const dumped = JSON.parse(line) as DumpedQuery
    if (dumped.candidates.length === 0) continue
    const mass = dumped.tokens.reduce((sum, [, , idf]) => sum + idf, 0) || 1
    const evidence = dumped.candidates.map(([document, grade, score, , outlier, logit, foreign]) => ({
      document,
      grade,
      share: score / mass,
      outlier,
      logit,
      foreign,
    }))
    // Relevant documents no leg found count in the ideal all the same.
    const grades = new Map(evidence.map((one) => [one.document, one.grade]))
    const found = [...grades.values()].filter((grade) => grade > 0).length
    dumped.grades.slice(found).forEach((grade, i) => grades.set(`missing ${i}`, grade))
    const queries = sets.get(dumped.set) ?? []
    queries.push({ grades, evidence })
    sets.set(dumped.set, queries)
  }
  return sets
}

function rank(evidence: readonly Evidence[], score: (one: Evidence) => number): string[] {
  const scored = evidence.map((one) => ({ one, value: score(one) })).sort((a, b) => b.value - a.value)
  return [...new Set(scored.map(({ one }) => one.document))]
}

function fit(files: readonly string[], removed: number): void {
  const all = files.map((name) => ({ name, sets: read(name) }))
  for (const { name, sets } of all) {
    console.log(name)
    sweep(sets)
  }
  for (const weight of new Set([blendWeights.rerank, 4, 8, 22]))
    calibrate(all, weight, sumWith(weight), removed)
}

const fused = ({ share, outlier, foreign }: Evidence, weights = fusionWeights): number =>
  fusedScore({ words: share, outlier, foreign }, weights)
const sumWith =
  (weight: number) =>
  (one: Evidence): number =>
    one.logit === null
      ? fused(one) - 1e6
      : blendedSum(one.logit, fused(one), { ...blendWeights, rerank: weight })

function sweep(sets: Sets): void {
  const row = (name: string, score: (one: Evidence) => number): void => {
    const cells = [...sets].map(([, queries]) => {
      const sum = queries.reduce(
        (total, query) => total + ndcg(rank(query.evidence, score), query.grades, 10),
        0,
      )
      return sum / queries.length
    })
    const mean = cells.reduce((a, b) => a + b, 0) / cells.length
    console.log(`${name.padEnd(34)} ${cells.map((cell) => cell.toFixed(3)).join(' ')} | ${mean.toFixed(4)}`)
  }
  console.log(
    `nDCG@10: ${[...sets].map(([name, queries]) => `${name} (${queries.length})`).join(', ')} | mean`,
  )
  row('keyword', (one) => (one.share > 0 ? one.share : -1))
  row('semantic', (one) => one.outlier)
  for (const wordsPower of [1, 1.5, 2]) {
    for (const words of [8, 16, 24, 40, 60]) {
      const weights = { ...fusionWeights, words, wordsPower }
      row(`words ${words} power ${wordsPower}`, (one) => fused(one, weights))
    }
  }
  for (const foreign of [0, 1, 2, 3, 4, 6])
    row(`foreign ${foreign}`, (one) => fused(one, { ...fusionWeights, foreign }))
  const covered = [...sets.values()].flat().some((query) => query.evidence.some((one) => one.logit !== null))
  if (!covered) return
  for (const weight of [0, 1, 2, 4, 8, 12, 15, 18, 22, 28]) row(`rerank ${weight}`, sumWith(weight))
}

type Row = { x: number[]; relevant: boolean; weight: number }
type Lists = { evidence: Evidence[] }[]

/**
 * The weights of the final score, fitted over every reranked passage of every list, and of the same lists with the answers removed; what
 * that gives goes into blendWeights. Printed for each file by itself: the weights must hold in all. Then what they are worth: fitted on every second query and
 * measured on the others, both ways.
 */
function calibrate(
  files: readonly { name: string; sets: Map<string, Lists> }[],
  weight: number,
  sum: (one: Evidence) => number,
  removed: number,
): void {
  const rowsOf = (evidence: readonly Evidence[], rowWeight: number): Row[] => {
    const scored = evidence
      .filter((one) => one.logit !== null)
      .map((one) => ({ sum: sum(one), logOdds: one.logit!, share: one.share, relevant: one.grade > 0 }))
      .sort((a, b) => b.sum - a.sum)
    const features = listFeatures(scored)
    return scored.map((one) => ({ x: features(one.sum), relevant: one.relevant, weight: rowWeight }))
  }
  const withAnswers = (query: Lists[number]) => rowsOf(query.evidence, 1)
  const without = (query: Lists[number]) =>
    rowsOf(
      query.evidence.filter((one) => one.grade <= 0),
      removed,
    )
  /** Fits on every second query and tells of the others; null: fits on all and tells of all. */
  const half = (rest: number | null) => {
    const chosen = (some: Lists) => (rest === null ? some : some.filter((_, i) => i % 2 !== rest))
    const beta = fitted(
      files
        .flatMap((file) => [...file.sets.values()].flatMap(chosen))
        .flatMap((query) => [...withAnswers(query), ...without(query)]),
    )
    return {
      beta,
      of: (some: Lists) => told(beta, rest === null ? some : some.filter((_, i) => i % 2 === rest)),
    }
  }
  const told = (beta: readonly number[], some: Lists) =>
    some.map((query) => ({
      shown: withAnswers(query)
        .slice(0, 10)
        .map(({ x, relevant }) => ({ said: predict(beta, x), relevant })),
      unanswered: Math.max(0, ...without(query).map(({ x }) => predict(beta, x))),
    }))
  const tell = (parts: { of(some: Lists): ReturnType<typeof told> }[]): void => {
    for (const { name, sets } of files) {
      const bySet = [...sets].map(([set, some]) => ({ set, told: parts.flatMap((part) => part.of(some)) }))
      const error = (told: { shown: { said: number; relevant: boolean }[] }[]) =>
        calibrationOf(told.flatMap((one) => one.shown)).expectedError.toFixed(3)
      const all = bySet.flatMap((one) => one.told)
      const strong = all.flatMap((one) => one.shown).filter(({ said }) => said >= 0.8)
      const percent = (part: number, of: number) => `${((100 * part) / Math.max(1, of)).toFixed(0)} %`
      console.log(
        `  ${name}: expected calibration error of the first ten ${error(all)} (${bySet.map(({ set, told }) => `${set} ${error(told)}`).join(', ')}); ` +
          `${strong.length} strong, ${percent(strong.filter((one) => one.relevant).length, strong.length)} of them relevant; ` +
          `answers removed: ${percent(all.filter((one) => one.unanswered < 0.3).length, all.length)} under 0.3`,
      )
    }
  }
  if (weight === blendWeights.rerank) {
    console.log('as shipped:')
    tell([{ of: (some) => told(parametersOf(blendWeights), some) }])
  }
  const whole = half(null)
  const names = ['level', 'gap', 'sure', 'words', 'assurance', 'bias']
  console.log(
    `rerank ${weight}: ${names.map((name, i) => `${name} ${whole.beta[i]!.toFixed(3)}`).join(', ')}`,
  )
  tell([whole])
  console.log('  fitted on half of the queries, measured on the other:')
  tell([half(0), half(1)])
}

/** Logistic regression by Newton's method. */
function fitted(rows: readonly Row[]): number[] {
  const size = parametersOf(blendWeights).length
  const beta = Array<number>(size).fill(0)
  for (let round = 0; round < 40; round++) {
    const gradient = beta.map((value) => -1e-3 * value)
    const hessian = Array.from({ length: size }, (_, i) => beta.map((_, j) => (i === j ? 1e-3 : 0)))
    for (const { x, relevant, weight: by } of rows) {
      const p = predict(beta, x)
      for (let i = 0; i < size; i++) {
        gradient[i]! += by * x[i]! * ((relevant ? 1 : 0) - p)
        for (let j = 0; j < size; j++) hessian[i]![j]! += by * x[i]! * x[j]! * p * (1 - p)
      }
    }
    solve(hessian, gradient).forEach((step, i) => (beta[i]! += step))
  }
  return beta
}

const predict = (beta: readonly number[], x: readonly number[]): number =>
  sigmoid(x.reduce((total, value, i) => total + value * beta[i]!, 0))

/** Gaussian elimination with pivots, for a handful of unknowns. */
function solve(matrix: number[][], right: number[]): number[] {
  const a = matrix.map((line, i) => [...line, right[i]!])
  const n = a.length
  for (let i = 0; i < n; i++) {
    const pivot = a
      .slice(i)
      .reduce((best, line, k) => (Math.abs(line[i]!) > Math.abs(a[best]![i]!) ? i + k : best), i)
    ;[a[i], a[pivot]] = [a[pivot]!, a[i]!]
    for (let k = i + 1; k < n; k++) {
      const factor = a[k]![i]! / a[i]![i]!
      for (let j = i; j <= n; j++) a[k]![j]! -= factor * a[i]![j]!
    }
  }
  const result = Array<number>(n).fill(0)
  for (let i = n - 1; i >= 0; i--) {
    let value = a[i]![n]!
    for (let j = i + 1; j < n; j++) value -= a[i]![j]! * result[j]!
    result[i] = value / a[i]![i]!
  }
  return result
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sets: { type: 'string', default: '../shared/evaluation' },
    distractors: { type: 'string' },
    queries: { type: 'string', default: '150' },
    rerank: { type: 'boolean', default: false },
    removed: { type: 'string', default: '1.5' },
  },
})
const [command, ...files] = positionals
if (command === 'dump' && files[0] !== undefined)
  await dump(files[0], values.sets, values.distractors, Number(values.queries))
else if (command === 'fit' && files.length > 0) fit(files, Number(values.removed))
else console.error('node bench/fusion.ts dump <out.jsonl> | fit <dump.jsonl>...')
