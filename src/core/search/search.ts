/**
 * One search from request to last update: parse, embed, retrieve, then rerank within the time budget [SE3]. Runs on the
 * engine's event loop and does no work there itself: SQL is in the search thread, models in the inference thread.
 */
import { AppError } from '../../shared/errors.ts'
import { SearchRequest, type SearchRequestInput, type SearchUpdate } from '../../shared/search.ts'
import type { Embedder } from '../embed/types.ts'
import type { Reranker } from '../rerank/types.ts'
import type { Remote } from '../threads/rpc.ts'
import type { Begun, SearchJobs } from './jobs.ts'

export interface SearchOptions {
  /** The search thread's jobs, or the jobs themselves (evaluation). */
  jobs: Pick<Remote<SearchJobs>, 'parse' | 'begin' | 'order'>
  /** The embedder of a space; null while there is none. */
  embedder(space: string | null): Pick<Embedder, 'space' | 'embedQuery'> | null
  reranker(): Pick<Reranker, 'score' | 'calibration'> | null
  rerankBudgetMs(): number
}

export interface Search {
  /** Yields 'fused', perhaps 'reranked', and 'complete' last. Throws AppError 'cancelled' when `signal` aborts. */
  run(request: SearchRequestInput, signal?: AbortSignal): AsyncGenerator<SearchUpdate, void, void>
}

/** Passages scored between two looks at the clock. */
const rerankStep = 10
/** Times a search begins again because the index was switched under it. */
const mostSwitches = 2

export function createSearch({ jobs, embedder, reranker, rerankBudgetMs }: SearchOptions): Search {
  async function embed(text: string, space: string | null) {
    const live = embedder(space)
    if (!live || live.space !== space || text === '') return null
    try {
      return { space: live.space, values: await live.embedQuery(text) }
    } catch (error) {
      if (error instanceof AppError && error.code === 'cancelled') throw error
      // A model that fails costs the meaning leg, not the search; the answer says so in its notes.
      return null
    }
  }

  async function* run(
    input: SearchRequestInput,
    signal?: AbortSignal,
  ): AsyncGenerator<SearchUpdate, void, void> {
    const startedAt = performance.now()
    const request = SearchRequest.parse(input)
    for (let left = mostSwitches; ; left--) {
      const outcome = yield* attempt(request, startedAt, left === 0, signal)
      if (outcome === 'answered') return
    }
  }

  /** 'switched': another index took over in the middle, and what was found in the one before is of no use [RE1]. */
  async function* attempt(
    request: SearchRequest,
    startedAt: number,
    isLast: boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<SearchUpdate, 'answered' | 'switched', void> {
    const check = (): void => {
      if (signal?.aborted) throw new AppError('cancelled', 'the search was given up')
    }
    check()
    const needsVector = request.mode === 'hybrid' || request.mode === 'semantic'
    let vector: Awaited<ReturnType<typeof embed>> = null
    if (needsVector) {
      const { text, space } = await jobs.parse(request, { signal })
      vector = await embed(text, space)
      check()
    }
    const begun = await jobs.begin({ request, vector }, { signal })
    check()
    // The vector is of the space that was live a moment ago.
    if (vector && !isLast && begun.notes.includes('semantic-unavailable')) return 'switched'
    const update: SearchUpdate = {
      stage: 'fused',
      query: request.query,
      terms: begun.terms,
      tookMs: performance.now() - startedAt,
      hits: begun.hits,
      names: begun.names,
      nothingFits: false,
      total: begun.total,
      notes: begun.notes,
    }
    yield update
    check()
    const last: SearchUpdate = { ...update, stage: 'complete', nothingFits: begun.hits.length === 0 }
    const model = request.rerank && request.mode === 'hybrid' ? reranker() : null
    if (model && begun.passages.length > 0) {
      const { logits, failed } = await rerank(model, begun.text, begun.passages, signal)
      check()
      if (failed) last.notes = [...last.notes, 'rerank-unavailable']
      if (logits.length > 0) {
        const ordered = await reordered(begun, logits, model.calibration, signal)
        check()
        if (!ordered && !isLast) return 'switched'
        if (ordered) {
          Object.assign(last, ordered)
          yield { ...last, stage: 'reranked', tookMs: performance.now() - startedAt }
        }
      }
    }
    yield { ...last, tookMs: performance.now() - startedAt }
    return 'answered'
  }

  /** null: the search thread has forgotten this search, because it follows another index by now. */
  async function reordered(
    { id, passages }: Begun,
    logits: Float32Array,
    calibration: Reranker['calibration'],
    signal: AbortSignal | undefined,
  ) {
    const chunkIds = passages.slice(0, logits.length).map((passage) => passage.chunkId)
    try {
      return await jobs.order({ id, chunkIds, logits, calibration }, { signal })
    } catch (error) {
      if (error instanceof AppError && error.code === 'cancelled') return null
      throw error
    }
  }

  /** Scores from the top until the budget is used up; at least one step is finished or the budget ran out in it. */
  async function rerank(
    model: Pick<Reranker, 'score'>,
    query: string,
    passages: readonly { text: string }[],
    signal: AbortSignal | undefined,
  ): Promise<{ logits: Float32Array; failed: boolean }> {
    const logits: number[] = []
    const timeout = AbortSignal.timeout(rerankBudgetMs())
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout
    try {
      while (logits.length < passages.length && !either.aborted) {
        const step = passages.slice(logits.length, logits.length + rerankStep).map((passage) => passage.text)
        logits.push(...(await model.score(query, step, either)))
      }
      return { logits: Float32Array.from(logits), failed: false }
    } catch (error) {
      if (either.aborted) return { logits: Float32Array.from(logits), failed: false }
      if (error instanceof AppError && error.code === 'cancelled') throw error
      return { logits: Float32Array.from(logits), failed: true }
    }
  }

  return { run }
}
