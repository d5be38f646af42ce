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
import type { ModelReranker } from '../rerank/reranker.ts'
import type { SearchJobs } from '../search/jobs.ts'
import type { Fallback } from '../models/session.ts'
import { createSearch } from '../search/search.ts'
import { outdatedFields } from '../reindex/recipe.ts'
import type { Target } from '../store/library/rows.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import { startThread } from '../threads/thread.ts'
import type { Models } from './models.ts'

export type Live = ReturnType<typeof createLive>

/** A search that is under way may still ask the model it began with. */
const releaseAfterMs = 5_000

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
  let reranker: ModelReranker | null = null
  /** What they were opened for; null: look again. */
  let device: Settings['device'] | null = null
  /** Why the live space cannot be searched by meaning; null when it can. */
  let problem: string | null = null
  let rerankBudgetMs = 0

  const search = createSearch({
    jobs: thread.call,
    embedder: (space) => (space === null ? null : (embedders.get(space) ?? null)),
    reranker: () => reranker,
    rerankBudgetMs: () => rerankBudgetMs,
  })

  function retire(model: ModelEmbedder | ModelReranker): void {
    setTimeout(() => {
      const wanted = model === reranker || [...embedders.values()].some((one) => one === model)
      if (!wanted) models.release(model).catch(() => {})
    }, releaseAfterMs).unref()
  }

  /** Opens the embedder of a target, from its pinned files if need be; says why it cannot be [MO1]. */
  async function openEmbedder(target: Target, settings: Settings): Promise<string | null> {
    const before = embedders.get(target.space)
    if (before && device === settings.device) return null
    try {
      const embedder = await models.embedderOf(target, { ...settings, established: true, patient: false })
      embedders.set(target.space, embedder)
      if (before && before !== embedder) retire(before)
      return null
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      // What was open goes on answering.
      return before ? null : error.message
    }
  }

  async function openReranker(settings: Settings): Promise<void> {
    if (settings.rerankerModel === null) {
      reranker = null
      return
    }
    if (reranker?.modelId === settings.rerankerModel && device === settings.device) return
    const before = reranker
    try {
      reranker = await models.reranker(settings.rerankerModel, { ...settings, patient: false })
      if (before && before !== reranker) retire(before)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      // The list of models says what is wrong with it; until then the fused order stands.
      if (before?.modelId !== settings.rerankerModel) reranker = null
    }
  }

  async function followSettings(settings: Settings): Promise<void> {
    rerankBudgetMs = settings.rerankBudgetMs
    const building = await library.building(undefined)
    await openReranker(settings)
    if (target) await openEmbedder(target, settings)
    if (building) await openEmbedder(building, settings)
    device = settings.device
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
      device = settings.device
      for (const [space, embedder] of embedders) {
        if (space === live.target.space || space === building?.space) continue
        embedders.delete(space)
        retire(embedder)
      }
    },

    /** Opens the model of an index that is about to answer; what is wrong with it shows when it does. */
    async prepare(next: Target): Promise<void> {
      await openEmbedder(next, await library.settings(undefined))
    },

    settingsChanged: followSettings,

    /** More is known of the device than when the models were opened. */
    async deviceFound(): Promise<void> {
      device = null
      await followSettings(await library.settings(undefined))
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
    /** What runs the live model and the reranker, and why it is not the wanted device. */
    running(): { modelId: string; provider: string; fallback: Fallback | null }[] {
      return [target && embedders.get(target.space), reranker].filter((model) => !!model)
    },
    target: () => target,
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
        fallback: embedders.get(target.space)?.fallback?.reason ?? null,
        space: target.space.slice(0, 12),
        outdated: outdatedFields(target),
        canary: canary(),
      }
    },

    close: () => thread.close(),
  }
}
