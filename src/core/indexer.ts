/**
 * The indexer: works through the queue into the live index, then fills whatever target lacks texts, switches to a new
 * one when it is complete, and sweeps. It exists only while there is work; everything it knows is in the files.
 */
import { join } from 'node:path'
import { AppError, isDiskFull, toErrorShape } from '../shared/errors.ts'
import type { ReindexEstimate, TrialHit, TrialRequest, TrialStep } from '../shared/reindex.ts'
import type { ChunkingSettings } from '../shared/settings.ts'
import type { Limit } from './chunk/types.ts'
import { evaluateFolder, type EvaluationReport } from './evaluate/evaluate.ts'
import { createModels, type Models } from './engine/models.ts'
import { localNotes, recordsIn } from './engine/self-tests.ts'
import { createExtractor } from './extract/extractor-client.ts'
import { forgetDocuments, type ForgetReport } from './forget.ts'
import type { Host } from './host.ts'
import { cutText, ingestQueue, type Beside, type OpenFiles, type OpenTarget } from './ingest/ingest.ts'
import { fileNames } from './reindex/choose.ts'
import { estimateReindex } from './reindex/estimate.ts'
import { createFill, DoesNotFit, missingTexts, sweepTargets, type FillStep } from './reindex/fill.ts'
import { nearest } from './reindex/nearest.ts'
import { chunkingId, cutterOf, sameCutter, type Recipe } from './reindex/recipe.ts'
import { tryModel } from './reindex/trial.ts'
import { nameTokens } from './search/keyword-tokens.ts'
import { sweepStoredFiles } from './ingest/stored-files.ts'
import { ensureCanary, makeCanary } from './models/canary.ts'
import { openIndexStore, type WritableIndexStore } from './store/index/index-store.ts'
import { openLibrary, type Library } from './store/library/library.ts'
import type { Target } from './store/library/rows.ts'
import { openVectorStore, type WritableVectorStore } from './store/vectors/vector-store.ts'
import type { JobContext } from './threads/rpc.ts'

export type IndexerProgress =
  | { type: 'ingested'; documentIds: number[]; documents: number; chunks: number }
  | { type: 'filled'; targetId: number; step: FillStep }
  | { type: 'switched' }
  /** The disk is so full that not even the reason could be written down. */
  | { type: 'stalled'; targetId: number; error: { code: string; message: string } }
  /** What was being built waits for the person, failed, or got chunks of its own. */
  | { type: 'built' }

export type IndexerJobs = ReturnType<typeof createIndexer>

/** Removed documents can be brought back for so long. */
export const undoMs = 10 * 60_000
/** Of the person's own searches, for a trial. */
const recentSearches = 6

export function createIndexer(host: Host) {
  let library: Library | null = null
  let libraryDir = ''
  let version = ''
  let models: Models
  let extractor: ReturnType<typeof createExtractor>
  const indexes = new Map<string, WritableIndexStore>()
  const files = new Map<number, OpenFiles>()

  function theLibrary(): Library {
    if (!library) throw new AppError('internal', 'the indexer was not opened')
    return library
  }

  /** Two targets over one chunking share one connection to its index. */
  function openFiles(target: Target): OpenFiles {
    const known = files.get(target.id)
    if (known?.target.vectorsFile === target.vectorsFile) return Object.assign(known, { target })
    let index = indexes.get(target.indexFile)
    if (!index) {
      index = openIndexStore(join(libraryDir, target.indexFile), {
        recipe: target.chunkingId,
        recipeFields: target.recipe,
      })
      indexes.set(target.indexFile, index)
    }
    const vectors = openVectorStore(join(libraryDir, target.vectorsFile), {
      space: target.space,
      spaceFields: target.spaceFields,
      dimensions: target.dimensions,
      indexUuid: index.uuid,
    })
    const open = { target, index, vectors }
    files.set(target.id, open)
    return open
  }

  async function openTarget(target: Target): Promise<OpenTarget> {
    const { threads, device } = theLibrary().settings.get()
    const embedder = await models.embedderOf(target, { threads, device, established: true })
    const open = openFiles(target)
    const beside = await besides(target)
    // Vectors taken over from another file were made on its day: its canary comes with them.
    await ensureCanary(open.vectors, () => makeCanary(embedder, { device, version }), beside.caches)
    return { ...open, beside, embedder, embedSentences: sentenceEmbedder(threads) }
  }

  const sentenceEmbedder =
    (threads: number): OpenTarget['embedSentences'] =>
    async (sentences) =>
      (await models.builtInEmbedder({ threads })).embedDocuments(sentences)

  /** What the other targets with a role have to do with this one. One that cannot be opened has nothing to give. */
  async function besides(target: Target): Promise<Beside> {
    const beside = {
      limits: [] as Limit[],
      caches: [] as WritableVectorStore[],
      siblings: [] as WritableVectorStore[],
    }
    const standing = theLibrary().targets.standing()
    // Made anew because the old vectors were doubted: those are not taken over later either.
    const doubted = Math.max(
      0,
      ...standing.filter((one) => one.fresh && one.space === target.space).map((one) => one.id),
    )
    for (const other of standing) {
      if (other.id === target.id) continue
      try {
        const { vectors } = openFiles(other)
        if (other.space === target.space && other.id >= doubted) beside.caches.push(vectors)
        if (other.indexFile !== target.indexFile) continue
        beside.siblings.push(vectors)
        // Models that count and are limited alike need not be asked twice.
        if (!sameCutter(cutterOf(other), cutterOf(target))) beside.limits.push(await models.limitOf(other))
      } catch (error) {
        if (!(error instanceof AppError)) throw error
      }
    }
    return beside
  }

  /** Every target that has a role, as far as its files can be opened. */
  function openStanding(): OpenFiles[] {
    return theLibrary()
      .targets.standing()
      .flatMap((target) => {
        try {
          return [openFiles(target)]
        } catch (error) {
          if (!(error instanceof AppError)) throw error
          return []
        }
      })
  }

  /** Closes what has no role any more. */
  function closeOthers(): void {
    const standing = theLibrary().targets.standing()
    const vectorFiles = new Set(standing.map((target) => target.vectorsFile))
    const indexFiles = new Set(standing.map((target) => target.indexFile))
    for (const [id, open] of files) {
      if (vectorFiles.has(open.target.vectorsFile)) continue
      open.vectors.close()
      files.delete(id)
    }
    for (const [file, index] of indexes) {
      if (indexFiles.has(file)) continue
      index.close()
      indexes.delete(file)
    }
  }

  /** Fills the target that is being built, or keeps a complete one up to date. */
  async function build(
    building: Target,
    signal: AbortSignal,
    options: FillOptions & { onStalled(error: { code: string; message: string }): void },
  ): Promise<void> {
    const lib = theLibrary()
    const isShared = lib.targets
      .standing()
      .some((other) => other.id !== building.id && other.indexFile === building.indexFile)
    try {
      const open = await openTarget(building)
      const complete = await fill(lib, open, signal, { ...options, mayRecut: !isShared })
      if (!complete || building.state === 'complete') return
      open.index.refreshFrequent()
      if (lib.settings.get().afterReindex === 'compare') lib.targets.setState(building.id, 'complete')
      else lib.targets.switchTo(building.id)
    } catch (error) {
      if (error instanceof AppError && error.code === 'cancelled') throw error
      if (error instanceof DoesNotFit) {
        // Chunks of its own, cut for this model.
        const own = chunkingId(building.recipe as unknown as Recipe, cutterOf(building))
        lib.targets.setFiles(building.id, { ...fileNames(own, building.space), chunkingId: own })
        return
      }
      const failure = toErrorShape(error)
      try {
        lib.targets.setState(building.id, 'failed', failure)
      } catch (second) {
        if (!isDiskFull(second)) throw second
        options.onStalled(failure)
      }
    }
  }

  return {
    async open(argument: { libraryDir: string; version: string }): Promise<void> {
      if (library) return
      libraryDir = argument.libraryDir
      version = argument.version
      const opening = openLibrary(libraryDir, { nameTokens })
      const notes = localNotes(opening.settings)
      models = createModels({ host, libraryDir, records: recordsIn(notes), notes })
      extractor = createExtractor({ host })
      for (const job of opening.queue.recover()) {
        opening.documents.markFailed(
          job.documentId,
          { code: 'crashed', data: { attempts: job.attempts } },
          null,
        )
      }
      library = opening
    },

    /** Works until nothing is left; rejects with 'cancelled' when aborted. */
    async work(_argument: object, { signal, progress }: JobContext): Promise<void> {
      const lib = theLibrary()
      const report = (value: IndexerProgress) => progress(value)
      while (true) {
        if (signal.aborted) throw new AppError('cancelled', 'interrupted')
        const live = lib.targets.live()?.target
        if (!live) throw new AppError('internal', 'no live index to write to')
        const building = lib.targets.building()
        closeOthers()
        let liveOpen: OpenTarget | null = null
        try {
          liveOpen = await openTarget(live)
        } catch (error) {
          // The live model's files are gone or others: nothing can be added to its index, but the new one can be built.
          if (!(error instanceof AppError) || building?.state !== 'building') throw error
        }
        const paused = lib.settings.flag('paused')

        if (liveOpen && !paused && lib.queue.waiting() > 0) {
          await ingestQueue(liveOpen, {
            library: lib,
            libraryDir,
            signal,
            extract: (path, kind, aborting) => extractor.extract(path, kind, aborting),
            onProgress: (done) => report({ type: 'ingested', ...done }),
          })
          continue
        }
        // A crash between two files' writes, a derived file that was deleted, or an index gone back to, shows as texts the
        // live index lacks.
        if (liveOpen) {
          if (missingTexts(lib, liveOpen).missing.length === 0) lib.targets.caughtUp()
          else if (!paused) {
            await fill(lib, liveOpen, signal, {
              mayRecut: true,
              onStep: (step) => report({ type: 'filled', targetId: live.id, step }),
              yieldTo: () => lib.queue.waiting() > 0,
            })
            continue
          }
        }
        let stalled = false
        const isBehind = (target: Target): boolean => missingTexts(lib, openFiles(target)).missing.length > 0
        if (
          building?.state === 'building' ||
          (building?.state === 'complete' && !paused && isBehind(building))
        ) {
          await build(building, signal, {
            onStep: (step) => {
              lib.targets.addReused(building.id, step.reused)
              report({ type: 'filled', targetId: building.id, step })
            },
            // New documents go before the new index.
            yieldTo: () => liveOpen !== null && lib.queue.waiting() > 0 && !lib.settings.flag('paused'),
            onStalled: (error) => {
              stalled = true
              report({ type: 'stalled', targetId: building.id, error })
            },
          })
          // Once more would fail at once; whoever frees some space says so.
          if (stalled) return
          if (lib.targets.live()?.target.id === building.id) report({ type: 'switched' })
          else if (lib.targets.building()?.state !== building.state) report({ type: 'built' })
          continue
        }
        if (!liveOpen) return
        lib.documents.purgeRemoved(new Date(Date.now() - undoMs).toISOString())
        lib.texts.sweep()
        sweepStoredFiles(lib, libraryDir)
        sweepTargets(lib, openStanding())
        liveOpen.index.refreshFrequent()
        return
      }
    },

    /** What another index would take, measured on a sample of this library [RE4]. */
    async estimate(
      wanted: { embeddingModel: string; chunking: ChunkingSettings },
      { signal }: JobContext,
    ): Promise<ReindexEstimate> {
      const lib = theLibrary()
      const { threads, device } = lib.settings.get()
      const { languages, space } = await models.facts(wanted.embeddingModel)
      const embedder = await models.embedder(wanted.embeddingModel, { threads, device })
      return estimateReindex({
        libraryDir,
        documents: lib.texts.wanted().length,
        live: openFiles(lib.targets.live()!.target),
        stores: openStanding().filter((open) => open.target.space === space),
        embedder,
        chunking: wanted.chunking,
        async cut(sha256) {
          const text = lib.texts.get(sha256)
          if (!text) return []
          const cutting = { chunking: wanted.chunking, embedder, limits: [] }
          return cutText({ ...cutting, embedSentences: sentenceEmbedder(threads) }, text)
        },
        languages,
        signal,
      })
    },

    /** Some documents with another model, searched with both. Nothing is kept. */
    async trial(request: TrialRequest, { signal, progress }: JobContext): Promise<TrialStep> {
      const lib = theLibrary()
      const settings = lib.settings.get()
      const live = lib.targets.live()!.target
      return tryModel({
        libraryDir,
        live: openFiles(live),
        liveEmbedder: await models.embedderOf(live, { ...settings, established: true }),
        embedder: await models.embedder(request.embeddingModel, settings),
        documents: request.documents,
        queries: request.queries ?? lib.settings.history().slice(0, recentSearches),
        signal,
        onProgress: progress,
      })
    },

    /** Both indexes by meaning, while the new one waits for the person. */
    async compare({ query }: { query: string }): Promise<{ live: TrialHit[]; next: TrialHit[] }> {
      const lib = theLibrary()
      const building = lib.targets.building()
      const live = lib.targets.live()
      if (building?.state !== 'complete' || !live)
        throw new AppError('conflict', 'No index waits to be compared.')
      const settings = lib.settings.get()
      const ask = async (target: Target) => {
        const embedder = await models.embedderOf(target, { ...settings, established: true })
        return nearest(libraryDir, target, await embedder.embedQuery(query))
      }
      return { live: await ask(live.target), next: await ask(building) }
    },

    /** Measures search on a labelled folder with the models in use; its index is temporary, the library untouched. */
    async evaluate(
      {
        folder,
        distractors,
        maxQueries,
      }: { folder: string; distractors?: string | undefined; maxQueries?: number | undefined },
      { signal, progress }: JobContext,
    ): Promise<EvaluationReport> {
      const settings = theLibrary().settings.get()
      return evaluateFolder({
        folder,
        distractors,
        maxQueries,
        embedder: await models.embedder(settings.embeddingModel, settings),
        reranker:
          settings.rerankerModel === null ? null : await models.reranker(settings.rerankerModel, settings),
        chunking: settings.chunking,
        onProgress: progress,
        signal,
      })
    },

    /** Removes every trace of some documents, then looks for one [DA5]. */
    async forget({ ids }: { ids: number[] }): Promise<ForgetReport> {
      const lib = theLibrary()
      return forgetDocuments({ library: lib, libraryDir, targets: openStanding(), ids })
    },
  }
}

interface FillOptions {
  onStep(step: FillStep): void
  yieldTo(): boolean
}

/** True when the target is complete; false when `yieldTo` asked for the way. */
async function fill(
  library: Library,
  target: OpenTarget,
  signal: AbortSignal,
  options: FillOptions & { mayRecut: boolean },
): Promise<boolean> {
  const filling = createFill(library, target, options)
  while (true) {
    const step = await filling.step(signal)
    if (signal.aborted) throw new AppError('cancelled', 'interrupted')
    options.onStep(step)
    if (step.complete) return true
    if (options.yieldTo()) return false
  }
}
