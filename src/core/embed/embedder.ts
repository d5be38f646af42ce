/**
 * Texts to unit vectors with one model: prompt, tokens, batches of like length, results in the order asked for. The
 * same text gets the same bits whatever its batch, on the CPU [MO2]; on another device it stays within a stated tolerance.
 * Refuses vectors that are not numbers.
 */
import { AppError } from '../../shared/errors.ts'
import { nearly, sameBits } from '../models/batching.ts'
import { joinRows } from '../models/feeds.ts'
import type { Provider } from '../models/device-list.ts'
import { graphSpecOf, paddingSideOf, type Inference } from '../models/inference.ts'
import { loadTokenizer, type Model } from '../models/load.ts'
import { selfTestKey, testAfresh, trust, type SelfTestRecords } from '../models/records.ts'
import { testModel, type SelfTest } from '../models/self-test.ts'
import { senseOfVectors } from '../models/sense.ts'
import type { Fallback } from '../models/session.ts'
import { createFileHashes, spaceOf, type FileHashes, type SpaceFields } from '../models/space.ts'
import { openWithStandby } from '../models/standby.ts'
import type { Tokenizer } from '../models/tokenizer.ts'
import { readDenseLayers } from '../models/vector-parts.ts'
import { planBatches, tokensFor } from './batches.ts'
import type { Embedder } from './types.ts'

export interface ModelEmbedder extends Embedder {
  readonly spaceFields: SpaceFields
  /** Why the wanted device is not used; null when it is. */
  readonly fallback: Fallback | null
  readonly selfTest: SelfTest
  /** Version of ONNX Runtime, and the threads a run uses. */
  readonly runtime: string
  readonly threads: number
}

export interface EmbedderOptions {
  inference: Inference
  model: Model
  /** Should have been tried in another process: see DeviceGate. */
  device?: Provider
  /** Why it is not the one the person wanted. */
  fallback?: Fallback | null
  /** Shared by all who ask for hashes, so that no file is read twice. */
  hashes?: FileHashes
  /** Where self-tests are remembered; without it the model is tested each time. */
  records?: SelfTestRecords
}

/** Slices on their way to the thread: one runs while the next is tokenised here. */
const slicesInFlight = 2
/** A batch takes about so long. */
const sliceMs = 100

/** Two languages and some code: what the self-test embeds. */
export const sampleTexts = [
  'The quick brown fox jumps over the lazy dog while 37 other foxes watch.',
  '知识库把文档切成小段，再把每一段变成向量，这样就能按意思搜索。',
  'const answer = await search("向量 vector", { limit: 10 }) // 42',
]

/** Throws 'model-invalid' when the model fails the self-test or is no embedding model. */
export async function createEmbedder(options: EmbedderOptions): Promise<ModelEmbedder> {
  return openWithStandby<ModelEmbedder>(
    options.device,
    (on) => createOn({ ...options, ...on }),
    (run) => ({
      embedDocuments: (inputs, signal) => run((one) => one.embedDocuments(inputs, signal)),
      embedQuery: (text) => run((one) => one.embedQuery(text)),
    }),
  )
}

async function createOn(options: EmbedderOptions): Promise<ModelEmbedder> {
  const { model, inference, records } = options
  const opened = await openEmbedder(options)
  const { space, fields, open, tokenizer, promptedTokens, embedRows } = opened
  const selfTest = await trust(model.id, opened, records)
  const { prompts, maxTokens } = model
  const { dimensions } = fields

  return {
    space,
    spaceFields: fields,
    modelId: model.id,
    dimensions,
    maxTokens,
    provider: open.opened.provider,
    fallback: open.opened.fallback ?? options.fallback ?? null,
    runtime: open.opened.runtime,
    threads: inference.threads,
    selfTest,
    countTokens: (input) => tokenizer.count(prompts.document + input),

    async embedDocuments(inputs, signal) {
      const vectors: Float32Array[] = Array.from({ length: inputs.length })
      const lengths = Int32Array.from(inputs, (input) =>
        Math.min(maxTokens, tokenizer.count(prompts.document + input)),
      )
      const running = new Set<Promise<void>>()
      try {
        for (const batch of planBatches(
          lengths,
          selfTest.batching,
          tokensFor(sliceMs, selfTest.usPerToken),
        )) {
          signal?.throwIfAborted()
          const rows = batch.rows.map((row) => promptedTokens(prompts.document + inputs[row]!))
          const run = embedRows(rows, batch.length, 'document', signal).then((units) => {
            batch.rows.forEach((row, i) => (vectors[row] = units.slice(i * dimensions, (i + 1) * dimensions)))
          })
          running.add(run)
          run.then(
            () => running.delete(run),
            () => {},
          )
          if (running.size >= slicesInFlight) await Promise.race(running)
        }
        await Promise.all(running)
      } catch (error) {
        await Promise.allSettled(running)
        if (signal?.aborted) throw new AppError('cancelled', 'stopped while embedding', { cause: error })
        throw error
      }
      return vectors
    },

    async embedQuery(text) {
      const row = promptedTokens(prompts.query + text)
      return embedRows([row], row.length, 'query')
    },

    close: () => open.close(),
  }
}

/** The self-test made afresh, and remembered. Throws 'model-invalid' when the model cannot even be opened. */
export async function testEmbedder(options: EmbedderOptions): Promise<SelfTest> {
  return testAfresh(options.model.id, await openEmbedder(options), options.records)
}

/** Opened, not trusted yet. `profile`: a folder, to count which provider runs each node. */
export async function openEmbedder({
  inference,
  model,
  device = 'cpu',
  hashes = createFileHashes(),
  profile,
}: EmbedderOptions & { profile?: string | undefined }) {
  if (model.task !== 'embedding') {
    throw new AppError('model-invalid', `${model.id} is a reranker, not an embedding model`, {
      data: { model: model.id, problem: 'task' },
    })
  }
  const [{ space, fields }, tokenizer, dense] = await Promise.all([
    spaceOf(model, hashes),
    loadTokenizer(model),
    readDenseLayers(model),
  ])
  const open = await inference.open({
    key: `${space} ${device} ${inference.threads}`,
    graph: graphSpecOf(model, tokenizer, { threads: inference.threads, device, profile }),
    vector: { pooling: model.pooling, dense, truncateTo: model.truncateTo },
    score: null,
  })
  const promptedTokens = (text: string): Int32Array => tokenizer.encode(text, model.maxTokens).ids
  const sides = {
    query: { skip: promptTokens(model, tokenizer, 'query'), task: model.tasks?.query ?? null, urgent: true },
    document: {
      skip: promptTokens(model, tokenizer, 'document'),
      task: model.tasks?.document ?? null,
      urgent: false,
    },
  }
  const embedRows = (
    rows: readonly Int32Array[],
    length: number,
    side: keyof typeof sides,
    signal?: AbortSignal,
  ): Promise<Float32Array> => open.embed({ ...joinRows(rows), types: null, length, ...sides[side] }, signal)
  return {
    space,
    fields,
    tokenizer,
    open,
    promptedTokens,
    embedRows,
    key: selfTestKey({
      signature: space,
      provider: open.opened.provider,
      runtime: open.opened.runtime,
      threads: inference.threads,
    }),
    test: (): Promise<SelfTest> =>
      testModel({
        dimensions: fields.dimensions,
        highestId: tokenizer.size - 1,
        maxTokens: model.maxTokens,
        paddingSide: paddingSideOf(model, tokenizer),
        samples: sampleTexts.map(promptedTokens),
        run: (rows, length) => embedRows(rows, length, 'document'),
        same: open.opened.provider === 'cpu' ? sameBits : nearly,
        languages: model.languages,
        sense: senseOfVectors(async (texts, side) => {
          const vectors: Float32Array[] = []
          for (const text of texts) {
            const row = promptedTokens(model.prompts[side] + text)
            vectors.push(await embedRows([row], row.length, side))
          }
          return vectors
        }),
      }),
  }
}

/** Tokens that pooling leaves out: the prompt with the special tokens before it, as sentence-transformers counts them. */
function promptTokens(
  { prompts, includePrompt }: Model,
  tokenizer: Tokenizer,
  side: keyof Model['prompts'],
): number {
  if (includePrompt || prompts[side] === '') return 0
  return tokenizer.count(prompts[side]) - (tokenizer.endsWithSpecial ? 1 : 0)
}
