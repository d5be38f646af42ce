/** The calls of `reindex`: what the person asks of it, in the indexer's turn where its files are concerned. */
import type {
  EstimateRequest,
  ReindexEstimate,
  TrialHit,
  TrialRequest,
  TrialStep,
} from '../../shared/reindex.ts'
import type { FormerStatus } from '../../shared/status.ts'
import { AppError } from '../../shared/errors.ts'
import type { Target } from '../store/library/rows.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import type { Indexing } from './indexing.ts'
import type { Models } from './models.ts'
import type { Reindex } from './reindex.ts'
import { streamed } from './streamed.ts'

export interface ReindexCallsOptions {
  library: Remote<LibraryJobs>
  reindex: Reindex
  indexing: Indexing
  statusChanged(): void
  settingsChanged(): void
  /** Whether the live vectors are no longer what this computer would make [MO3]. */
  doubted(): boolean
  /** Opens the model of an index that is about to answer. */
  prepare(target: Target): Promise<void>
  /** Resolves when searches are answered from what is live now. */
  switched(): Promise<void>
}

export function createReindexCalls(options: ReindexCallsOptions) {
  const { library, reindex, indexing, statusChanged, settingsChanged, doubted, prepare, switched } = options

  /** Another index answers: the indexer stops what it does with the old one, and looks again. */
  async function turned(): Promise<void> {
    indexing.interrupt()
    await switched()
    settingsChanged()
    statusChanged()
  }

  return {
    async start() {
      await reindex.startAnew(doubted())
      indexing.interrupt()
      statusChanged()
      return { done: 1 }
    },
    async pause() {
      const done = await reindex.pause()
      indexing.interrupt()
      statusChanged()
      return { done }
    },
    async resume() {
      const done = await reindex.resume()
      indexing.wake()
      statusChanged()
      return { done }
    },
    async cancel() {
      // In the indexer's turn: it must not be writing the files that go.
      const done = await indexing.exclusively(() => reindex.cancel())
      settingsChanged()
      statusChanged()
      return { done }
    },
    async estimate(
      { embeddingModel, chunking }: EstimateRequest,
      signal?: AbortSignal,
    ): Promise<ReindexEstimate> {
      const settings = await library.settings(undefined)
      return indexing.exclusively((client) =>
        client.call.estimate(
          {
            embeddingModel: embeddingModel ?? settings.embeddingModel,
            chunking: { ...settings.chunking, ...chunking },
          },
          { signal },
        ),
      )
    },
    trial: (request: TrialRequest, signal: AbortSignal): AsyncGenerator<TrialStep> =>
      streamed<TrialStep>(async (push) => {
        push(
          await indexing.exclusively((client) =>
            client.call.trial(request, { signal, onProgress: (step) => push(step as TrialStep) }),
          ),
        )
      }),
    async compare(request: { query: string }): Promise<{ live: TrialHit[]; next: TrialHit[] }> {
      if ((await library.building(undefined))?.state !== 'complete')
        throw new AppError('conflict', 'No index waits to be compared.')
      return indexing.exclusively((client) => client.call.compare(request))
    },
    async switch() {
      await reindex.switch()
      await turned()
      return { done: 1 }
    },
    async rollback() {
      // Opened before the turn, so that no search in between goes without its meaning.
      await prepare(await reindex.former())
      await reindex.rollback()
      await turned()
      return { done: 1 }
    },
    async dropFormer() {
      const dropped = await indexing.exclusively(() => reindex.dropFormer())
      statusChanged()
      return dropped
    },
  }
}

export async function formerStatus(
  former: { target: Target; sizeBytes: number; done: number; total: number },
  models: Models,
): Promise<FormerStatus> {
  const { target, sizeBytes, done, total } = former
  return {
    embeddingModel: target.modelId,
    strategy: target.chunking.strategy,
    dimensions: target.dimensions,
    space: target.space.slice(0, 12),
    sizeBytes,
    documentsDone: done,
    documentsTotal: total,
    usable: await models.isUsable(target),
  }
}
