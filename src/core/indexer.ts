/**
 * The indexer: works through the queue into the live index, then fills whatever target lacks texts, switches to a new
 * one when it is complete, and sweeps. It exists only while there is work; everything it knows is in the files.
 */
import { join } from 'node:path'
import { AppError } from '../shared/errors.ts'
import { evaluateFolder, type EvaluationReport } from './evaluate/evaluate.ts'
import { createModels, type Models } from './engine/models.ts'
import { localNotes, recordsIn } from './engine/self-tests.ts'
import { createExtractor } from './extract/extractor-client.ts'
import { forgetDocuments, type ForgetReport } from './forget.ts'
import type { Host } from './host.ts'
import { ingestQueue, type OpenTarget } from './ingest/ingest.ts'
import { createFill, missingTexts, sweepTarget, type FillStep } from './reindex/fill.ts'
import { nameTokens } from './search/keyword-tokens.ts'
import { sweepStoredFiles } from './ingest/stored-files.ts'
import { ensureCanary, makeCanary } from './models/canary.ts'
import { openIndexStore, type WritableIndexStore } from './store/index/index-store.ts'
import { openLibrary, type Library } from './store/library/library.ts'
import type { Target } from './store/library/rows.ts'
import { openVectorStore } from './store/vectors/vector-store.ts'
import type { JobContext } from './threads/rpc.ts'

export type IndexerProgress =
  | { type: 'ingested'; documentIds: number[]; documents: number; chunks: number }
  | { type: 'filled'; targetId: number; step: FillStep }
  | { type: 'switched' }
  | { type: 'fill-failed'; targetId: number; message: string }

export type IndexerJobs = ReturnType<typeof createIndexer>

/** Removed documents can be brought back for so long. */
export const undoMs = 10 * 60_000

export function createIndexer(host: Host) {
  let library: Library | null = null
  let libraryDir = ''
  let version = ''
  let models: Models
  let extractor: ReturnType<typeof createExtractor>
  const indexes = new Map<string, WritableIndexStore>()
  const opened = new Map<number, OpenTarget>()

  function theLibrary(): Library {
    if (!library) throw new AppError('internal', 'the indexer was not opened')
    return library
  }

  /** Two targets over one chunking share one connection to its index. */
  async function openTarget(target: Target): Promise<OpenTarget> {
    const known = opened.get(target.id)
    if (known) return known
    const { settings } = theLibrary()
    const { threads, device } = settings.get()
    const embedder = await models.embedder(target.modelId, { threads, device, established: true })
    if (embedder.space !== target.space) {
      throw new AppError(
        'space-mismatch',
        `the files of ${target.modelId} are not those this index was made with`,
        {
          data: { model: target.modelId },
        },
      )
    }
    let index = indexes.get(target.indexFile)
    if (!index) {
      index = openIndexStore(join(libraryDir, target.indexFile), { recipe: target.chunkingId })
      indexes.set(target.indexFile, index)
    }
    const vectors = openVectorStore(join(libraryDir, target.vectorsFile), {
      space: target.space,
      dimensions: target.dimensions,
      indexUuid: index.uuid,
    })
    await ensureCanary(vectors, () => makeCanary(embedder, { device, version }))
    const open: OpenTarget = {
      target,
      index,
      vectors,
      embedder,
      embedSentences: async (sentences) =>
        (await models.builtInEmbedder({ threads })).embedDocuments(sentences),
    }
    opened.set(target.id, open)
    return open
  }

  /** Closes what is neither live nor being built any more. */
  async function closeOthers(keep: readonly (Target | null | undefined)[]): Promise<void> {
    const ids = new Set(keep.map((target) => target?.id))
    const files = new Set(keep.map((target) => target?.indexFile))
    for (const [id, open] of opened) {
      if (ids.has(id)) continue
      open.vectors.close()
      opened.delete(id)
    }
    for (const [file, index] of indexes) {
      if (files.has(file)) continue
      index.close()
      indexes.delete(file)
    }
  }

  return {
    async open(argument: { libraryDir: string; version: string }): Promise<void> {
      if (library) return
      libraryDir = argument.libraryDir
      version = argument.version
      const opening = openLibrary(libraryDir, { nameTokens })
      models = createModels({ host, libraryDir, records: recordsIn(localNotes(opening.settings)) })
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
        await closeOthers([live, building])
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
        // A crash between two files' writes, or a derived file that was deleted, shows as texts the live index lacks.
        if (liveOpen && !paused && missingTexts(lib, liveOpen).missing.length > 0) {
          await fill(lib, liveOpen, signal, {
            onStep: (step) => report({ type: 'filled', targetId: live.id, step }),
            yieldTo: () => lib.queue.waiting() > 0,
          })
          continue
        }
        if (building?.state === 'building') {
          try {
            const open = await openTarget(building)
            const complete = await fill(lib, open, signal, {
              onStep: (step) => report({ type: 'filled', targetId: building.id, step }),
              // New documents go before the new index.
              yieldTo: () => liveOpen !== null && lib.queue.waiting() > 0 && !lib.settings.flag('paused'),
            })
            if (complete) {
              open.index.refreshFrequent()
              lib.targets.switchTo(building.id)
              report({ type: 'switched' })
            }
          } catch (error) {
            if (error instanceof AppError && error.code === 'cancelled') throw error
            const message = error instanceof Error ? error.message : String(error)
            lib.targets.setState(building.id, 'failed', message)
            report({ type: 'fill-failed', targetId: building.id, message })
          }
          continue
        }
        if (!liveOpen) return
        lib.documents.purgeRemoved(new Date(Date.now() - undoMs).toISOString())
        lib.texts.sweep()
        sweepStoredFiles(lib, libraryDir)
        sweepTarget(lib, liveOpen)
        liveOpen.index.refreshFrequent()
        return
      }
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
      const targets = [lib.targets.live()?.target, lib.targets.building()].filter((target) => !!target)
      const open = []
      for (const target of targets) open.push(await openTarget(target))
      return forgetDocuments({ library: lib, libraryDir, targets: open, ids })
    },
  }
}

/** True when the target is complete; false when `yieldTo` asked for the way. */
async function fill(
  library: Library,
  target: OpenTarget,
  signal: AbortSignal,
  options: { onStep(step: FillStep): void; yieldTo(): boolean },
): Promise<boolean> {
  const filling = createFill(library, target)
  while (true) {
    const step = await filling.step(signal)
    if (signal.aborted) throw new AppError('cancelled', 'interrupted')
    options.onStep(step)
    if (step.complete) return true
    if (options.yieldTo()) return false
  }
}
