/**
 * What our way to vectors costs beside the bare runtime, as ratios taken in one run (design, section 8):
 * texts through the embedder against a loop of `session.run` on ready-made tensors, and the static model against
 * tokenise + run alone.
 *
 *   node bench/embedding.ts [folder with BEIR sets, default ../shared/evaluation] [texts for the encoder, default 48]
 */
import { Tokenizer as PackageTokenizer } from '@huggingface/tokenizers'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { chunkText } from '../src/core/chunk/chunk.ts'
import type { NormalisedText } from '../src/core/chunk/types.ts'
import { planBatches, tokensFor, type Batch } from '../src/core/embed/batches.ts'
import { createEmbedder } from '../src/core/embed/embedder.ts'
import { createModelCatalog } from '../src/core/models/catalog.ts'
import { startInference } from '../src/core/models/inference.ts'
import { loadModel, loadTokenizer, type Model } from '../src/core/models/load.ts'
import { createNodeHost } from '../src/core/node-host.ts'
import { writeEncoder } from './embedding-graph.ts'

const [folder = '../shared/evaluation', count = '48'] = process.argv.slice(2)
const threads = 1
const rounds = 3

/** English and Chinese passages by turns; made up ones where there is no folder. */
function passages(): string[] {
  const read = (name: string): string[] => {
    const path = join(folder, name, 'corpus.jsonl.gz')
    if (!existsSync(path)) return []
    const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n')
    return lines.map((line) => (JSON.parse(line) as { text: string }).text)
  }
  const [english, chinese] = [read('squad-en'), read('cmrc2018-zh')]
  if (english.length > 0 && chinese.length > 0) {
    return Array.from(
      { length: Math.min(english.length, chinese.length) * 2 },
      (_, i) => (i % 2 ? chinese : english)[i >> 1]!,
    )
  }
  const words =
    'the index answers with a passage and its page when search finds what the question asked for'.split(' ')
  return Array.from({ length: 1600 }, (_, i) =>
    i % 2
      ? '知识库把文档切成小段，再把每一段变成向量，这样就能按意思搜索。'.repeat(2 + (i % 7))
      : Array.from({ length: 20 + ((i * 37) % 150) }, (_, at) => words[(i * at + at) % words.length]).join(
          ' ',
        ),
  )
}

const open = (model: Model): Promise<InferenceSession> =>
  InferenceSession.create(model.graphFile, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })

function tensorsOf(
  rows: readonly ArrayLike<number>[],
  batch: Batch,
  names: readonly string[],
  padId: number,
) {
  const dims = [batch.rows.length, batch.length]
  const cells = (fill: (id: number | undefined) => bigint) =>
    BigInt64Array.from({ length: dims[0]! * dims[1]! }, (_, at) =>
      fill(rows[batch.rows[Math.floor(at / batch.length)]!]![at % batch.length]),
    )
  const made: Record<string, Tensor> = {
    input_ids: new Tensor(
      'int64',
      cells((id) => BigInt(id ?? padId)),
      dims,
    ),
    attention_mask: new Tensor(
      'int64',
      cells((id) => (id === undefined ? 0n : 1n)),
      dims,
    ),
    token_type_ids: new Tensor(
      'int64',
      cells(() => 0n),
      dims,
    ),
  }
  return Object.fromEntries(names.map((name) => [name, made[name]!]))
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

interface Times {
  wallMs: number
  cpuMs: number
}

/**
 * Runs the ways by turns, so that a busy moment hits all of them; medians of each. Processor time is this process's
 * alone, so it also tells something on a machine that is busy with other things.
 */
async function race(ways: Record<string, () => Promise<unknown>>): Promise<Record<string, Times>> {
  const times: Record<string, Times[]> = {}
  for (let round = 0; round <= rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const [start, cpu] = [performance.now(), process.cpuUsage()]
      await way()
      const { user, system } = process.cpuUsage(cpu)
      // The first round warms up.
      if (round > 0)
        (times[name] ??= []).push({ wallMs: performance.now() - start, cpuMs: (user + system) / 1000 })
    }
  }
  const entries = Object.entries(times).map(([name, all]) => {
    const wallMs = median(all.map((one) => one.wallMs))
    return [name, { wallMs, cpuMs: median(all.map((one) => one.cpuMs)) }] as const
  })
  return Object.fromEntries(entries)
}

function print(title: string, tokens: number, times: Record<string, Times>, reference: string): void {
  const { wallMs: wall, cpuMs: cpu } = times[reference]!
  console.log(`\n${title}: ${tokens} tokens, ${threads} thread; speed as a ratio to "${reference}"`)
  console.log(`${' '.repeat(52)} wall ms  ratio   processor ms  ratio`)
  for (const [name, { wallMs, cpuMs }] of Object.entries(times)) {
    const cells = [
      wallMs.toFixed(0).padStart(7),
      (wall / wallMs).toFixed(2).padStart(6),
      cpuMs.toFixed(0).padStart(14),
      (cpu / cpuMs).toFixed(2).padStart(6),
    ]
    console.log(`  ${name.padEnd(50)} ${cells.join(' ')}`)
  }
}

const host = createNodeHost()
const inference = startInference(host, { threads })
const catalog = createModelCatalog({ builtInDir: host.resources.models, localDir: null })
const all = passages()
const temporary = mkdtempSync(join(tmpdir(), 'manifold-bench-'))
try {
  await encoderRow()
  await staticRow()
} finally {
  await inference.close()
  rmSync(temporary, { recursive: true, force: true })
}

async function encoderRow(): Promise<void> {
  const tokenizerModel = await catalog.resolveModel('manifold-static-256')
  const vocabulary = (await loadTokenizer(tokenizerModel)).size
  writeEncoder(temporary, vocabulary)
  copyFileSync(tokenizerModel.tokenizerFile, join(temporary, 'tokenizer.json'))
  copyFileSync(tokenizerModel.tokenizerConfigFile!, join(temporary, 'tokenizer_config.json'))
  const model = await loadModel(temporary, { builtInDir: null })
  const embedder = await createEmbedder({ inference, model })
  const tokenizer = await loadTokenizer(model)
  const texts = all.slice(0, Number(count))
  const rows = texts.map((text) => tokenizer.encode(text, model.maxTokens).ids)
  const lengths = Int32Array.from(rows, (row) => row.length)
  const tokens = lengths.reduce((sum, length) => sum + length, 0)
  const session = await open(model)
  const loop = (batches: Batch[]) => {
    const feeds = batches.map((batch) => tensorsOf(rows, batch, session.inputNames, tokenizer.padId))
    return async () => {
      for (const feed of feeds) await session.run(feed)
    }
  }
  const arrival: Batch[] = []
  for (let i = 0; i < rows.length; i += 32) {
    const chosen = rows.slice(i, i + 32).map((_, at) => i + at)
    arrival.push({ rows: chosen, length: Math.max(...chosen.map((row) => lengths[row]!)) })
  }
  const bare = 'bare session.run, same batches'
  const times = await race({
    [bare]: loop(planBatches(lengths, 'padded', tokensFor(100, embedder.selfTest.usPerToken))),
    'our embedder, from text (target 0.85)': () => embedder.embedDocuments(texts),
    'bare session.run, arrival order, 32 a batch': loop(arrival),
    'bare session.run, one by one': loop(planBatches(lengths, 'alone')),
  })
  print(`encoder of MiniLM-L6's size, batching "${embedder.selfTest.batching}"`, tokens, times, bare)
}

async function staticRow(): Promise<void> {
  const model = await catalog.resolveModel('manifold-static-256')
  const embedder = await createEmbedder({ inference, model })
  const session = await open(model)
  const documents = documentsOf(all)
  const inputs: string[] = []
  const chunk = async (countTokens: (text: string) => number) => {
    const made: string[] = []
    for (const document of documents) {
      const chunks = await chunkText(document, {
        strategy: 'recursive',
        targetTokens: 200,
        overlapTokens: 0,
        maxTokens: model.maxTokens,
        countTokens,
      })
      for (const { input } of chunks) made.push(input)
    }
    return made
  }
  inputs.push(...(await chunk(embedder.countTokens)))
  const json = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as object
  const plain = new PackageTokenizer(json(model.tokenizerFile), json(model.tokenizerConfigFile!))
  const runAlone = async (rows: ArrayLike<number>[]) => {
    const lengths = Int32Array.from(rows, (row) => Math.min(row.length, model.maxTokens))
    for (const batch of planBatches(lengths, 'padded'))
      await session.run(tensorsOf(rows, batch, session.inputNames, 1))
  }
  const tokens = inputs.reduce((sum, input) => sum + embedder.countTokens(input), 0)
  const alone = 'the package tokenises, then bare session.run'
  // A fresh tokenizer and embedder each time: what they remember of the round before would flatter.
  const times = await race({
    [alone]: () => runAlone(inputs.map((input) => plain.encode(input).ids)),
    'our tokenizer, then bare session.run': async () => {
      const tokenizer = await freshTokenizer(model)
      await runAlone(inputs.map((input) => tokenizer.encode(input, model.maxTokens).ids))
    },
    'our embedder, from chunks': async () =>
      (await createEmbedder({ inference, model })).embedDocuments(inputs),
    'chunking and our embedder (target 0.70)': async () => {
      const fresh = await createEmbedder({ inference, model })
      await fresh.embedDocuments(await chunk(fresh.countTokens))
    },
    '  of that, opening a fresh embedder': () => createEmbedder({ inference, model }),
  })
  print('manifold-static-256', tokens, times, alone)
}

function freshTokenizer(model: Model) {
  return loadTokenizer(model)
}

/** Twenty passages a document, each under a heading. */
function documentsOf(texts: readonly string[]): NormalisedText[] {
  const documents: NormalisedText[] = []
  for (let i = 0; i < texts.length; i += 20) {
    const document: NormalisedText = {
      normaliser: '',
      title: `Document ${i}`,
      text: '',
      blocks: [],
      lines: [],
    }
    texts.slice(i, i + 20).forEach((text, at) => {
      for (const [kind, part] of [
        ['heading', `Section ${at}`],
        ['paragraph', text],
      ] as const) {
        if (document.text !== '') document.text += '\n\n'
        const start = document.text.length
        document.text += part
        const headings = kind === 'heading' ? [] : [`Section ${at}`]
        document.blocks.push({
          kind,
          level: kind === 'heading' ? 2 : null,
          start,
          end: document.text.length,
          headings,
        })
      }
    })
    documents.push(document)
  }
  return documents
}
