/**
 * Query and passages to logits with one model, in slices, so that a time budget can stop it between two. A query is cut
 * only when it alone is over half the limit; the passage gives way first.
 */
import { AppError } from '../../shared/errors.ts'
import { planBatches, tokensFor } from '../embed/batches.ts'
import { nearly, sameBits } from '../models/batching.ts'
import { joinRows } from '../models/feeds.ts'
import type { Provider } from '../models/device-list.ts'
import { graphSpecOf, paddingSideOf, type Inference } from '../models/inference.ts'
import { loadTokenizer, type Model } from '../models/load.ts'
import { selfTestKey, testAfresh, trust, type SelfTestRecords } from '../models/records.ts'
import { senseOfScores } from '../models/sense.ts'
import { testModel, type SelfTest } from '../models/self-test.ts'
import type { Fallback } from '../models/session.ts'
import { canonical, createFileHashes, type FileHashes } from '../models/space.ts'
import { openWithStandby } from '../models/standby.ts'
import type { PairEncoding } from '../models/tokenizer.ts'
import { pairsOf } from './pairs.ts'
import type { Reranker } from './types.ts'

export interface ModelReranker extends Reranker {
  /** Execution provider that runs it, as 'cpu'; and why it is not the wanted one. */
  readonly provider: string
  readonly fallback: Fallback | null
  readonly selfTest: SelfTest
}

export interface RerankerOptions {
  inference: Inference
  model: Model
  /** Should have been tried in another process: see DeviceGate. */
  device?: Provider
  /** Why it is not the one the person wanted. */
  fallback?: Fallback | null
  hashes?: FileHashes
  /** Where self-tests are remembered; without it the model is tested each time. */
  records?: SelfTestRecords
}

/** A slice takes about so long: what a time budget may overrun by. */
const sliceMs = 20

export const probe = {
  query: '怎样 search',
  passages: ['知识库', 'A knowledge base answers a search with the passage that fits, 按意思搜索。'],
}

/** Throws 'model-invalid' when the model is no reranker or fails the self-test. */
export async function createReranker(options: RerankerOptions): Promise<ModelReranker> {
  return openWithStandby<ModelReranker>(
    options.device,
    (on) => createOn({ ...options, ...on }),
    (run) => ({ score: (query, passages, signal) => run((one) => one.score(query, passages, signal)) }),
  )
}

async function createOn(options: RerankerOptions): Promise<ModelReranker> {
  const { model, records } = options
  const opened = await openReranker(options)
  const selfTest = await trust(model.id, opened, records)
  return {
    modelId: model.id,
    type: model.type,
    maxTokens: model.maxTokens,
    calibration: model.calibration,
    provider: opened.open.opened.provider,
    fallback: opened.open.opened.fallback ?? options.fallback ?? null,
    selfTest,
    score: (query, passages, signal) => opened.score(query, passages, selfTest, signal),
    close: () => opened.open.close(),
  }
}

/** The self-test made afresh, and remembered. Throws 'model-invalid' when the model cannot even be opened. */
export async function testReranker(options: RerankerOptions): Promise<SelfTest> {
  return testAfresh(options.model.id, await openReranker(options), options.records)
}

/** Two ways of asking the same files are two models. */
export const rerankerSignature = async (model: Model, hashes: FileHashes): Promise<string> =>
  canonical([
    await Promise.all(filesOf(model).map((file) => hashes.of(file))),
    model.scoring,
    model.maxTokens,
    model.paddingSide,
  ])

/** Opened, not trusted yet. `profile`: a folder, to count which provider runs each node. */
export async function openReranker({
  inference,
  model,
  device = 'cpu',
  hashes = createFileHashes(),
  profile,
}: RerankerOptions & { profile?: string | undefined }) {
  if (model.task !== 'reranker') {
    throw new AppError('model-invalid', `${model.id} is an embedding model, not a reranker`, {
      data: { model: model.id, problem: 'task' },
    })
  }
  const tokenizer = await loadTokenizer(model)
  const { encode, score: scoreSpec } = pairsOf(model, tokenizer)
  const signature = await rerankerSignature(model, hashes)
  const open = await inference.open({
    key: `rerank ${signature} ${device} ${inference.threads}`,
    graph: graphSpecOf(model, tokenizer, { threads: inference.threads, device, profile }),
    vector: null,
    score: scoreSpec,
  })

  async function run(
    pairs: readonly PairEncoding[],
    length: number,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    const { ids, lengths } = joinRows(pairs.map((pair) => pair.ids))
    const types = new Uint8Array(ids.length)
    let at = 0
    for (const pair of pairs) {
      types.set(pair.types, at)
      at += pair.types.length
    }
    return open.score({ ids, types, lengths, length, task: null, skip: 0, urgent: true }, signal)
  }

  async function score(
    query: string,
    passages: readonly string[],
    { batching, usPerToken }: Pick<SelfTest, 'batching' | 'usPerToken'>,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    const pairs = passages.map((passage) => encode(query, passage))
    const logits = new Float32Array(passages.length)
    for (const batch of planBatches(
      Int32Array.from(pairs, ({ ids }) => ids.length),
      batching,
      tokensFor(sliceMs, usPerToken),
    )) {
      if (signal?.aborted) throw new AppError('cancelled', 'stopped while reranking')
      const scores = await run(
        batch.rows.map((row) => pairs[row]!),
        batch.length,
        signal,
      )
      batch.rows.forEach((row, i) => (logits[row] = scores[i]!))
    }
    return logits
  }

  /** The types follow the ids: the second half counts as the passage. */
  const asPair = (ids: Int32Array): PairEncoding => ({
    ids,
    types: Uint8Array.from(ids, (_, i) => (i > ids.length / 2 ? 1 : 0)),
    dropped: 0,
  })

  return {
    open,
    tokenizer,
    encode,
    run: (rows: readonly Int32Array[], length: number) => run(rows.map(asPair), length),
    score,
    key: selfTestKey({
      signature,
      provider: open.opened.provider,
      runtime: open.opened.runtime,
      threads: inference.threads,
    }),
    test: (): Promise<SelfTest> =>
      testModel({
        dimensions: null,
        highestId: tokenizer.size - 1,
        maxTokens: model.maxTokens,
        paddingSide: paddingSideOf(model, tokenizer),
        shortest: encode('', '').ids.length,
        samples: probe.passages.map((passage) => encode(probe.query, passage).ids),
        run: (rows, length) => run(rows.map(asPair), length),
        same: open.opened.provider === 'cpu' ? sameBits : nearly,
        aloneOnly: scoreSpec?.kind === 'yes-no',
        languages: model.languages,
        sense: senseOfScores((query, passages) =>
          score(query, passages, { batching: 'alone', usPerToken: 1 }),
        ),
      }),
  }
}

const filesOf = (model: Model): string[] =>
  [...model.weightFiles, model.tokenizerFile, model.tokenizerConfigFile].filter((file) => file !== null)
