/**
 * The three chunkers compared by nDCG@10 on long documents: the passages of a development set, joined twenty at a time,
 * are cut again, chunks are ranked by cosine to the query, and each counts for the passage it mostly lies in. Once with
 * the paragraphs of the source, once run together, where nothing but the words tells where a passage ends.
 *
 *   node bench/chunking.ts [folder with BEIR sets, default ../shared/evaluation] [queries a set, default 400]
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chunkText } from '../src/core/chunk/chunk.ts'
import type { NormalisedText } from '../src/core/chunk/types.ts'
import { createEmbedder } from '../src/core/embed/embedder.ts'
import { readBeir, type BeirSet } from '../src/core/evaluate/beir.ts'
import { ndcg } from '../src/core/evaluate/metrics.ts'
import { createModelCatalog } from '../src/core/models/catalog.ts'
import { startInference } from '../src/core/models/inference.ts'
import { createNodeHost } from '../src/core/node-host.ts'
import { chunkStrategies } from '../src/shared/settings.ts'

const [folder = '../shared/evaluation', limit = '400'] = process.argv.slice(2)
const passagesPerDocument = 20

interface Joined {
  document: NormalisedText
  /** Where each passage lies. */
  passages: { id: string; start: number; end: number }[]
}

function join20(set: BeirSet, separator: string): Joined[] {
  const joined: Joined[] = []
  for (let i = 0; i < set.documents.length; i += passagesPerDocument) {
    const document: NormalisedText = { normaliser: '', title: null, text: '', blocks: [], lines: [] }
    const passages = set.documents.slice(i, i + passagesPerDocument).map(({ id, text }) => {
      if (document.text !== '') document.text += separator
      const start = document.text.length
      document.text += text
      return { id, start, end: document.text.length }
    })
    const spans = separator.includes('\n') ? passages : [{ start: 0, end: document.text.length }]
    for (const { start, end } of spans)
      document.blocks.push({ kind: 'paragraph', level: null, start, end, headings: [] })
    joined.push({ document, passages })
  }
  return joined
}

/** The passage most of the range lies in. */
function passageOf(passages: Joined['passages'], start: number, end: number): string {
  let best = ''
  let most = 0
  for (const passage of passages) {
    const shared = Math.min(end, passage.end) - Math.max(start, passage.start)
    if (shared > most) [best, most] = [passage.id, shared]
  }
  return best
}

const host = createNodeHost()
const inference = startInference(host)
const catalog = createModelCatalog({ builtInDir: host.resources.models, localDir: null })
const embedder = await createEmbedder({ inference, model: await catalog.resolveModel('manifold-static-256') })
try {
  console.log(`nDCG@10 of ${embedder.modelId} alone, ${passagesPerDocument} passages a document\n`)
  console.log('| set | joined by | target | strategy | chunks | mean tokens | nDCG@10 | chunking ms |')
  console.log('|---|---|---|---|---|---|---|---|')
  for (const name of ['squad-en', 'cmrc2018-zh']) {
    if (!existsSync(join(folder, name)))
      throw new Error(`no set ${name} in ${folder}: name the folder as the first argument`)
    const set = readBeir(join(folder, name))
    const every = Math.max(1, Math.floor(set.queries.length / Number(limit)))
    const queries = set.queries.filter((_, i) => i % every === 0)
    const asked = await Promise.all(queries.map(({ text }) => embedder.embedQuery(text)))
    for (const [kind, separator] of [
      ['paragraphs', '\n\n'],
      ['nothing', name.endsWith('zh') ? '' : ' '],
    ] as const) {
      for (const targetTokens of [100, 200]) {
        for (const strategy of chunkStrategies)
          await row(set, queries, asked, { kind, separator, targetTokens, strategy })
      }
    }
  }
} finally {
  await inference.close()
}

async function row(
  set: BeirSet,
  queries: BeirSet['queries'],
  asked: Float32Array[],
  {
    kind,
    separator,
    targetTokens,
    strategy,
  }: { kind: string; separator: string; targetTokens: number; strategy: (typeof chunkStrategies)[number] },
): Promise<void> {
  const inputs: string[] = []
  const passageIds: string[] = []
  let tokens = 0
  const start = performance.now()
  for (const { document, passages } of join20(set, separator)) {
    const chunks = await chunkText(document, {
      strategy,
      targetTokens,
      overlapTokens: 0,
      maxTokens: embedder.maxTokens,
      countTokens: embedder.countTokens,
      embedSentences: (sentences) => embedder.embedDocuments(sentences),
    })
    for (const chunk of chunks) {
      inputs.push(chunk.input)
      passageIds.push(passageOf(passages, chunk.start, chunk.end))
      tokens += chunk.tokens
    }
  }
  const ms = performance.now() - start
  const vectors = await embedder.embedDocuments(inputs)
  let sum = 0
  queries.forEach(({ id }, q) => {
    const best = new Map<string, number>()
    vectors.forEach((vector, i) => {
      let dot = 0
      for (let at = 0; at < vector.length; at++) dot += vector[at]! * asked[q]![at]!
      const passage = passageIds[i]!
      if (dot > (best.get(passage) ?? -Infinity)) best.set(passage, dot)
    })
    const ranked = [...best].sort((a, b) => b[1] - a[1]).map(([passage]) => passage)
    sum += ndcg(ranked, set.judgements.get(id)!, 10)
  })
  const cells = [
    set.name,
    kind,
    targetTokens,
    strategy,
    inputs.length,
    Math.round(tokens / inputs.length),
    (sum / queries.length).toFixed(3),
    Math.round(ms),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
