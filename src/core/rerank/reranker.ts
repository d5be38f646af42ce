/**
 * Query and passages to logits with one model, in slices, so that a time budget can stop it between two. A query is cut
 * only when it alone is over half the limit; the passage gives way first.
 */
import { AppError } from '../../shared/errors.ts'
import { planBatches, tokensFor } from '../embed/batches.ts'
import { findBatching, type Batching } from '../models/self-test.ts'
import { graphSpecOf, type Inference } from '../models/inference.ts'
import { loadTokenizer, type Model } from '../models/load.ts'
import type { PairEncoding } from '../models/tokenizer.ts'
import type { Reranker } from './types.ts'

export interface RerankerOptions {
  inference: Inference
  model: Model
  device?: string
}

/** A slice takes about so long: what a time budget may overrun by. */
const sliceMs = 20

const probe = {
  query: '怎样 search',
  passages: ['知识库', 'A knowledge base answers a search with the passage that fits, 按意思搜索。'],
}

/** Throws 'model-invalid' when the model is no reranker or its first scores are not numbers. */
export async function createReranker({
  inference,
  model,
  device = 'cpu',
}: RerankerOptions): Promise<Reranker> {
  if (model.task !== 'reranker') {
    throw new AppError('model-invalid', `${model.id} is an embedding model, not a reranker`, {
      data: { model: model.id, problem: 'task' },
    })
  }
  const tokenizer = await loadTokenizer(model)
  const open = await inference.open({
    key: `rerank ${model.folder} ${device} ${inference.threads}`,
    graph: graphSpecOf(model, tokenizer, { threads: inference.threads, device }),
    vector: null,
  })
  let batching: Batching = 'alone'
  let usPerToken = 1

  async function run(pairs: PairEncoding[], length: number, signal?: AbortSignal): Promise<Float32Array> {
    const lengths = Int32Array.from(pairs, ({ ids }) => ids.length)
    const total = lengths.reduce((sum, one) => sum + one, 0)
    const ids = new Int32Array(total)
    const types = new Uint8Array(total)
    let at = 0
    for (const pair of pairs) {
      ids.set(pair.ids, at)
      types.set(pair.types, at)
      at += pair.ids.length
    }
    return open.score({ ids, types, lengths, length, urgent: true }, signal)
  }

  async function score(query: string, passages: string[], signal?: AbortSignal): Promise<Float32Array> {
    const pairs = passages.map((passage) => tokenizer.encodePair(query, passage, model.maxTokens))
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

  // Alone against batched, as for vectors [MO2]. The types follow the ids: the second half counts as the passage.
  try {
    const samples = probe.passages.map(
      (passage) => tokenizer.encodePair(probe.query, passage, model.maxTokens).ids,
    )
    const asPair = (ids: Int32Array): PairEncoding => ({
      ids,
      types: Uint8Array.from(ids, (_, i) => (i > ids.length / 2 ? 1 : 0)),
      dropped: 0,
    })
    const tested = await findBatching(
      (rows, length) => run(rows.map(asPair), length),
      samples,
      model.maxTokens,
      tokenizer.paddingSide,
    )
    batching = tested.batching
    usPerToken = tested.usPerToken
  } catch (error) {
    await open.close()
    if (!(error instanceof AppError)) throw error
    throw new AppError(error.code, error.message, { cause: error, data: { model: model.id, ...error.data } })
  }

  return {
    modelId: model.id,
    type: model.type,
    maxTokens: model.maxTokens,
    calibration: model.calibration,
    score,
    close: () => open.close(),
  }
}
