/**
 * How fusion and blend were chosen (docs/decisions/0003-fusion.md). `dump` writes, for queries of the development sets among
 * distractors, the evidence of every candidate; `fit` searches the weights on such files and prints the table.
 *
 *   node bench/fusion.ts dump <out.jsonl> --sets <folder> [--distractors <file>] [--queries 150] [--rerank]
 *   node bench/fusion.ts fit <dump.jsonl>...
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createEmbedder } from '../src/core/embed/embedder.ts'
import { readBeir, readDistractors, type BeirDocument } from '../src/core/evaluate/beir.ts'
import { buildCorpus } from '../src/core/evaluate/corpus.ts'
import { createModelCatalog } from '../src/core/models/catalog.ts'
import { startInference } from '../src/core/models/inference.ts'
import { createNodeHost } from '../src/core/node-host.ts'
import { createReranker } from '../src/core/rerank/reranker.ts'
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
  /** Best chunk first as fused when dumped: [document, grade, BM25, cosine, outlier, logit or null] */
  candidates: [string, number, number, number, number, number | null][]
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
    const lookup = { ...corpus.lookup, allowed: () => allowed }
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
      const logitOf = new Map(passages.map((passage, i) => [passage.chunkId, logits[i]!]))
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

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sets: { type: 'string', default: '../shared/evaluation' },
    distractors: { type: 'string' },
    queries: { type: 'string', default: '150' },
    rerank: { type: 'boolean', default: false },
  },
})
const [command, ...files] = positionals
if (command === 'dump' && files[0] !== undefined)
  await dump(files[0], values.sets, values.distractors, Number(values.queries))
else console.error('node bench/fusion.ts dump <out.jsonl> | fit <dump.jsonl>...')
