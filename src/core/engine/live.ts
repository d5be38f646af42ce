/**
 * What answers searches now: the search thread, the live space's embedder and the reranker. The thread follows a switch
 * by itself; an embedder is opened for every space that is or is about to be live, so that a switch finds it ready.
 */
import { AppError } from '../../shared/errors.ts'
import type { SearchRequest, SearchUpdate } from '../../shared/search.ts'
import type { Settings } from '../../shared/settings.ts'
import type { Status } from '../../shared/status.ts'
import type { ModelEmbedder } from '../embed/embedder.ts'
import type { Host } from '../host.ts'
import type { Reranker } from '../rerank/types.ts'
import type { SearchJobs } from '../search/jobs.ts'
import { createSearch } from '../search/search.ts'
import { outdatedFields } from '../reindex/recipe.ts'
import type { Target } from '../store/library/rows.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import { startThread } from '../threads/thread.ts'
import type { Models } from './models.ts'

export type Live = ReturnType<typeof createLive>

export function createLive({
  host,
  libraryDir,
  library,
  models,
  canary,
}: {
  host: Host
  libraryDir: string
  library: Remote<LibraryJobs>
  models: Models
  /** How far the live vectors have drifted; null when they have not [MO3]. */
  canary(): Status['live']['canary']
}) {
  const thread = startThread<SearchJobs>(host, 'search', { libraryDir })
  const embedders = new Map<string, ModelEmbedder>()
  let target: Target | null = null
  let reranker: Reranker | null = null
  /** Why the live space cannot be searched by meaning; null when it can. */
  let problem: string | null = null
  let rerankBudgetMs = 0

  const search = createSearch({
    jobs: thread.call,
    embedder: (space) => (space === null ? null : (embedders.get(space) ?? null)),
    reranker: () => reranker,
    rerankBudgetMs: () => rerankBudgetMs,
  })

  /** Opens the embedder of a target, from its pinned files if need be; says why it cannot be [MO1]. */
  async function openEmbedder(target: Target, settings: Settings): Promise<string | null> {
    if (embedders.has(target.space)) return null
    try {
      embedders.set(target.space, await models.embedderOf(target, { ...settings, established: true }))
      return null
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      return error.message
    }
  }

  async function openReranker(settings: Settings): Promise<void> {
    if (settings.rerankerModel === null) {
      reranker = null
      return
    }
    if (reranker?.modelId === settings.rerankerModel) return
    try {
      reranker = await models.reranker(settings.rerankerModel, settings)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      // The list of models says what is wrong with it; until then the fused order stands.
      reranker = null
    }
  }

  return {
    /** Looks at what is live, and at what is being built, and gets ready for both. */
    async open(): Promise<void> {
      const settings = await library.settings(undefined)
      const live = await library.live(undefined)
      if (!live) throw new AppError('internal', 'no live index')
      target = live.target
      rerankBudgetMs = settings.rerankBudgetMs
      const building = await library.building(undefined)
      const [fault] = await Promise.all([
        openEmbedder(live.target, settings),
        openReranker(settings),
        building ? openEmbedder(building, settings) : null,
        thread.call.warm(undefined).catch((error: unknown) => {
          if (!(error instanceof AppError)) throw error
        }),
      ])
      problem = fault
      for (const [space, embedder] of embedders) {
        if (space === live.target.space || space === building?.space) continue
        embedders.delete(space)
        await models.release(embedder)
      }
    },

    /** Opens the model of an index that is about to answer; what is wrong with it shows when it does. */
    async prepare(next: Target): Promise<void> {
      await openEmbedder(next, await library.settings(undefined))
    },

    async settingsChanged(settings: Settings): Promise<void> {
      rerankBudgetMs = settings.rerankBudgetMs
      await openReranker(settings)
      const building = await library.building(undefined)
      if (building) await openEmbedder(building, settings)
    },

    search: (request: SearchRequest, signal: AbortSignal): AsyncGenerator<SearchUpdate> =>
      search.run(request, signal),

    neighbours: async (request: { chunkId: number; before: number; after: number }) => ({
      passages: await thread.call.neighbours(request),
    }),

    /** The model of the live space; null while it cannot be used. */
    embedder(): { modelId: string; embedder: ModelEmbedder } | null {
      const embedder = target && embedders.get(target.space)
      return target && embedder ? { modelId: target.modelId, embedder } : null
    },
    problem: () => problem,
    modelId: () => target?.modelId ?? '',

    describe(settings: Settings): Status['live'] {
      if (!target) throw new AppError('internal', 'no live index')
      return {
        embeddingModel: target.modelId,
        dimensions: target.dimensions,
        rerankerModel: reranker?.modelId ?? null,
        strategy: target.chunking.strategy,
        targetTokens: target.chunking.targetTokens,
        device: settings.device,
        provider: embedders.get(target.space)?.provider ?? 'cpu',
        fallback: null,
        space: target.space.slice(0, 12),
        outdated: outdatedFields(target),
        canary: canary(),
      }
    },

    close: () => thread.close(),
  }
}
