/**
 * How well the app's own search ranks a labelled set, stage by stage: keyword, semantic, hybrid, hybrid and reranked.
 * Same chunker, stores, parsing, legs, fusion and blend as a search in the window; only the time budget is left out.
 */
import { AppError } from '../../shared/errors.ts'
import type { ChunkingSettings } from '../../shared/settings.ts'
import type { Embedder } from '../embed/types.ts'
import type { Reranker } from '../rerank/types.ts'
import { passagesOf, rerankedOrder } from '../search/order.ts'
import { parseQuery } from '../search/parse.ts'
import { retrieve, type Group } from '../search/retrieve.ts'
import { readBeir, readDistractors } from './beir.ts'
import { buildCorpus } from './corpus.ts'
import {
  calibrationOf,
  meanMetrics,
  pairedBootstrap,
  queryMetrics,
  type Calibration,
  type Difference,
  type QueryMetrics,
} from './metrics.ts'

export const stages = ['keyword', 'semantic', 'hybrid', 'reranked'] as const
export type Stage = (typeof stages)[number]

export interface EvaluationReport {
  name: string
  /** Documents searched, distractors included. */
  corpus: number
  distractors: number
  chunks: number
  queries: number
  /** `reranked` is null without a reranker. */
  results: Record<Exclude<Stage, 'reranked'>, QueryMetrics> & { reranked: QueryMetrics | null }
  /** nDCG@10 of each query, in the order of the folder, for whoever pairs or resamples them further; `reranked` is empty without a reranker. */
  each: Record<Stage, number[]>
  /** Paired bootstrap of nDCG@10, 95 %. */
  differences: { 'hybrid - keyword': Difference; 'reranked - hybrid': Difference | null }
  /** Of the final scores shown on the first ten hits; null where none are. */
  calibration: (Calibration & { strong: number; strongRelevant: number }) | null
}

export interface EvaluateOptions {
  folder: string
  /** A .jsonl or .jsonl.gz of other texts to search among. */
  distractors?: string | undefined
  /** So many queries, evenly spread; all when left out. */
  maxQueries?: number | undefined
  embedder: Embedder
  reranker: Pick<Reranker, 'score' | 'calibration'> | null
  chunking?: ChunkingSettings
  onProgress?(progress: { stage: 'indexing' | 'searching'; done: number; total: number }): void
  signal?: AbortSignal | undefined
}

export async function evaluateFolder(options: EvaluateOptions): Promise<EvaluationReport> {
  const { folder, embedder, reranker, onProgress, signal } = options
  const set = readBeir(folder)
  const distractors = options.distractors === undefined ? [] : readDistractors(options.distractors)
  const queries = sample(set.queries, options.maxQueries)
  const corpus = await buildCorpus({
    documents: set.documents,
    distractors,
    embedder,
    ...(options.chunking ? { chunking: options.chunking } : {}),
    onProgress: (done, total) => onProgress?.({ stage: 'indexing', done, total }),
    signal,
  })
  const measured: Record<Stage, QueryMetrics[]> = { keyword: [], semantic: [], hybrid: [], reranked: [] }
  const predictions: { said: number; relevant: boolean }[] = []
  try {
    const { live, lookup, idOf } = corpus
    const idsOf = (groups: readonly Group[]): string[] =>
      groups.map((group) => idOf(group.document.sha256) ?? `distractor ${group.document.id}`)
    for (const [done, query] of queries.entries()) {
      if (signal?.aborted) throw new AppError('cancelled', 'the evaluation was given up')
      const grades = set.judgements.get(query.id)!
      const parsed = parseQuery(query.text)
      const vector = await embedder.embedQuery(parsed.text)
      const search = (mode: 'keyword' | 'semantic' | 'hybrid'): Group[] =>
        retrieve(live, lookup, { parsed, filter: {}, mode, vector }).groups
      for (const mode of ['keyword', 'semantic'] as const) {
        measured[mode].push(queryMetrics(idsOf(search(mode)), grades))
      }
      const hybrid = search('hybrid')
      measured.hybrid.push(queryMetrics(idsOf(hybrid), grades))
      if (reranker) {
        const passages = passagesOf(live, hybrid)
        const logits = await reranker.score(
          parsed.text,
          passages.map((passage) => passage.text),
          signal,
        )
        const ordered = rerankedOrder(
          hybrid,
          passages.map((passage) => passage.chunkId),
          logits,
          reranker.calibration,
        )
        const ids = ordered.map((one) => idOf(one.document.sha256) ?? `distractor ${one.document.id}`)
        measured.reranked.push(queryMetrics(ids, grades))
        ordered.slice(0, 10).forEach((one, i) => {
          if (one.score !== null)
            predictions.push({ said: one.score, relevant: (grades.get(ids[i]!) ?? 0) > 0 })
        })
      }
      if (done % 20 === 19 || done + 1 === queries.length) {
        onProgress?.({ stage: 'searching', done: done + 1, total: queries.length })
      }
    }
    const ndcg = (stage: Stage): number[] => measured[stage].map((one) => one.ndcg10)
    const each = {
      keyword: ndcg('keyword'),
      semantic: ndcg('semantic'),
      hybrid: ndcg('hybrid'),
      reranked: ndcg('reranked'),
    }
    const strong = predictions.filter(({ said }) => said >= 0.8)
    return {
      name: set.name,
      corpus: set.documents.length + distractors.length,
      distractors: distractors.length,
      chunks: corpus.chunks,
      queries: queries.length,
      results: {
        keyword: meanMetrics(measured.keyword),
        semantic: meanMetrics(measured.semantic),
        hybrid: meanMetrics(measured.hybrid),
        reranked: reranker ? meanMetrics(measured.reranked) : null,
      },
      each,
      differences: {
        'hybrid - keyword': pairedBootstrap(each.hybrid, each.keyword),
        'reranked - hybrid': reranker ? pairedBootstrap(each.reranked, each.hybrid) : null,
      },
      calibration:
        predictions.length > 0
          ? {
              ...calibrationOf(predictions),
              strong: strong.length,
              strongRelevant: strong.filter(({ relevant }) => relevant).length,
            }
          : null,
    }
  } finally {
    corpus.close()
  }
}

/** Spread over the whole list, and the same at every run. */
function sample<T>(all: readonly T[], count: number | undefined): readonly T[] {
  if (count === undefined || count >= all.length) return all
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!)
}
