/**
 * The engine: answers every call of the contract. It wires the stages and owns their start and close; the work is done
 * in its threads (library, search, inference) and in the indexer process, never on this event loop.
 */
import { mkdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DocumentQuery } from '../shared/contract.ts'
import type { DocumentSummary } from '../shared/document.ts'
import { AppError } from '../shared/errors.ts'
import type { SearchRequest, SearchUpdate } from '../shared/search.ts'
import type { SettingsPatch } from '../shared/settings.ts'
import { linkPaths, receiveUpload, rescan } from './engine/add.ts'
import { documentContent, locatePassage } from './engine/content.ts'
import { createCanary } from './engine/canary.ts'
import { createDevices } from './engine/devices.ts'
import { examine } from './engine/doctor.ts'
import { createEvents } from './engine/events.ts'
import { createFolderWatch } from './engine/folder-watch.ts'
import { createIndexing } from './engine/indexing.ts'
import { createLive } from './engine/live.ts'
import { createModelManager } from './engine/model-manager.ts'
import { createModels } from './engine/models.ts'
import { createProgress } from './engine/progress.ts'
import { createReindexCalls, formerStatus } from './engine/reindex-calls.ts'
import { createReindex } from './engine/reindex.ts'
import { createSelfTests, recordsIn, remoteNotes } from './engine/self-tests.ts'
import { streamed } from './engine/streamed.ts'
import { checkPlace } from './files/volume.ts'
import type { Host } from './host.ts'
import { storedFile } from './store/library/layout.ts'
import type { LibraryJobs } from './threads/library.ts'
import { startThread } from './threads/thread.ts'

export interface EngineOptions {
  host: Host
  /** Made if need be. One engine holds it at a time: else AppError 'library-locked'. */
  libraryDir: string
  /** Version of the program, for the status. */
  version: string
  /** Watch linked folders; off for a command that runs once. */
  watch?: boolean
}

export type Engine = Awaited<ReturnType<typeof createEngine>>

export async function createEngine({ host, libraryDir, version, watch = true }: EngineOptions) {
  const place = await checkPlace(libraryDir)
  if (!place.ok) {
    throw new AppError(
      'library-remote',
      `A library must lie on this computer's own disk, not in a ${place.why} folder (${place.detail}): databases break there. Choose another folder.`,
      { data: { path: libraryDir, why: place.why, detail: place.detail } },
    )
  }
  try {
    await mkdir(libraryDir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new AppError(
      'unavailable',
      `The library folder ${libraryDir} cannot be made (${cause instanceof Error ? cause.message : String(cause)}). Choose another with --library.`,
      { cause, data: { path: libraryDir } },
    )
  }
  const libraryThread = startThread<LibraryJobs>(host, 'library', { libraryDir })
  const library = libraryThread.call
  const closing: (() => Promise<unknown> | void)[] = [
    async () => {
      await library.close(undefined).catch(() => {})
      await libraryThread.close()
    },
  ]
  const closeAll = async () => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    await library.settings(undefined)
    const notes = remoteNotes(library)
    const models = createModels({
      host,
      libraryDir,
      records: recordsIn(notes),
      notes,
      onDeviceFound: () => void devices.found(),
    })
    closing.push(() => models.close())
    const reindex = createReindex({ library, models })
    await reindex.ensureLive()
    await library.repairTargets(undefined)

    const live = createLive({ host, libraryDir, library, models, canary: () => canary.drift() })
    closing.push(() => live.close())
    const canary = createCanary({
      library,
      live: () => live.embedder(),
      version,
      onChanged: () => events.statusChanged(),
    })
    const devices = createDevices({ library, models, live, onChanged: () => events.statusChanged() })
    await live.open()

    const selfTests = createSelfTests({ library, models, canaryOf: (id) => canary.of(id) })

    const progress = createProgress()
    const events = createEvents(() => status())
    closing.push(() => events.close())
    const changed = (ids: number[] | null) => {
      events.emit({ type: 'documents-changed', ids: ids && ids.length <= 200 ? ids : null })
      events.statusChanged()
    }

    const indexing = createIndexing({
      host,
      libraryDir,
      version,
      onProgress(report) {
        progress.record(report)
        if (report.type === 'ingested') changed(report.documentIds)
        if (report.type === 'filled') events.statusChanged()
        if (report.type === 'switched') void follow(switched)
        if (report.type === 'built') void follow(built)
      },
      onDeath: () => devices.died(),
      onIdle(error) {
        if (error === null) void devices.workDone()
        progress.idle(error)
        events.statusChanged()
      },
    })
    closing.push(() => indexing.close())

    /** Ends when the engine answers from what the indexer switched to last. */
    let switching: Promise<void> = Promise.resolve()

    /** After what is under way, and whatever became of it. Whoever waits for it hears of a failure; nobody need wait. */
    function follow(work: () => Promise<void>): Promise<void> {
      switching = switching.then(work, work)
      switching.catch(() => {})
      return switching
    }

    async function switched(): Promise<void> {
      await live.open()
      void canary.check()
      await reindex.letGo()
      events.emit({ type: 'index-switched' })
      changed(null)
    }

    /** Waits for the person, failed, or goes on in files of its own: the model of what waits is opened for the switch. */
    async function built(): Promise<void> {
      await live.open()
      await reindex.letGo()
      events.statusChanged()
    }

    const look = () => {
      indexing.wake()
      changed(null)
    }

    const folders = createFolderWatch({
      library,
      enabled: watch,
      rescan: () => rescan(library, libraryDir, look),
    })
    closing.push(() => folders.close())

    const manager = createModelManager({
      libraryDir,
      builtInDir: host.resources.models,
      library,
      models,
      selfTest: selfTests.test,
      emit(event) {
        events.emit(event)
        // Requests are counted in the status.
        events.statusChanged()
      },
    })
    closing.push(() => manager.close())

    async function status() {
      const [counts, settings, paused] = await Promise.all([
        library.counts(undefined),
        library.settings(undefined),
        library.flag({ key: 'paused' }),
      ])
      return {
        library: {
          path: libraryDir,
          name: libraryDir.split(/[/\\]/).at(-1) ?? libraryDir,
          sizeBytes: counts.sizeBytes,
          freeBytes: counts.freeBytes,
        },
        version,
        documents: {
          total: counts.total,
          indexed: counts.indexed,
          partial: counts.partial,
          failed: counts.failed,
          waiting: counts.waiting,
        },
        chunks: counts.chunks,
        reasons: counts.reasons,
        ingest: progress.ingest({ waiting: counts.queued, current: counts.current, paused }),
        reindex: counts.building && progress.reindex(counts.building),
        former: counts.former && (await formerStatus(counts.former, models)),
        live: live.describe(settings),
        truncatedChunks: counts.truncated,
        outboundRequests: manager.outboundRequests(),
      }
    }

    async function summaryOf(id: number): Promise<DocumentSummary> {
      const summary = await library.get({ id })
      if (!summary) throw new AppError('not-found', 'There is no such document.', { data: { id } })
      return summary
    }

    void canary.check()
    if (watch)
      void rescan(library, libraryDir, look).then(
        () => folders.refresh(),
        () => {},
      )
    indexing.wake()

    return {
      system: {
        status: () => status(),
        events: (signal: AbortSignal) => events.subscribe(signal),
        doctor: () => examine({ library, models, live, devicesSettled: devices.settled }),
      },

      search: {
        async *run(request: SearchRequest, signal: AbortSignal): AsyncGenerator<SearchUpdate> {
          const settings = await library.settings(undefined)
          yield* live.search(request, signal)
          const query = request.query.trim()
          if (settings.searchHistory && !request.typing && query !== '' && query.length <= 500) {
            await library.remember({ query }).catch((error: unknown) => {
              // A full disk costs the history, not the search.
              if (!(error instanceof AppError) || error.code !== 'disk-full') throw error
            })
          }
        },
        neighbours: ({ chunkId, before, after }: { chunkId: number; before: number; after: number }) =>
          live.neighbours({ chunkId, before, after }),
        locate: ({ chunkId, documentId }: { chunkId: number; documentId: number }) =>
          locatePassage(library, live, { chunkId, documentId }),
        history: async () => ({ queries: await library.history(undefined) }),
        forgetHistory: async () => ({ done: await library.forgetHistory(undefined) }),
      },

      documents: {
        list: (query: DocumentQuery) => library.list(query),
        async get({ id }: { id: number }) {
          const document = await summaryOf(id)
          const row = await library.row({ id })
          return {
            document,
            metadata: JSON.parse(row?.metadata ?? '{}') as Record<string, string>,
            copies: await library.copies({ id }),
          }
        },
        content: async ({ id }: { id: number }) => documentContent(library, await summaryOf(id)),
        async file(id: number) {
          const row = await library.row({ id })
          if (!row || row.status === 'removed') {
            throw new AppError('not-found', 'There is no such document.', { data: { id } })
          }
          return {
            path: row.stored_sha256 === null ? row.path : storedFile(libraryDir, row.stored_sha256),
            kind: row.kind,
            name: row.name,
            sizeBytes: row.size,
          }
        },
        folders: async () => ({ folders: await library.folders(undefined) }),
        tags: async () => ({ tags: await library.tags(undefined) }),
        async remove({ ids }: { ids: number[] }) {
          const done = await library.remove({ ids })
          changed(ids)
          return { done }
        },
        async restore({ ids }: { ids: number[] }) {
          const done = await library.restore({ ids })
          look()
          return { done }
        },
        async forget({ ids }: { ids: number[] }) {
          const report = await indexing.exclusively((client) => client.call.forget({ ids }))
          changed(ids)
          return report
        },
        async retry({ ids }: { ids?: number[] | undefined }) {
          const done = await library.retry({ ids })
          look()
          return { done }
        },
      },

      ingest: {
        async pause() {
          await library.setFlag({ key: 'paused', on: true })
          indexing.interrupt()
          events.statusChanged()
          return { done: await library.waiting(undefined) }
        },
        async resume() {
          await library.setFlag({ key: 'paused', on: false })
          look()
          return { done: await library.waiting(undefined) }
        },
        async cancel() {
          indexing.interrupt()
          // What is in hand goes back to the queue first; a moment later all of it waits, and is taken off.
          let done = await library.cancelQueue(undefined)
          for (let i = 0; i < 50 && (await library.waiting(undefined)) > 0; i++) {
            await sleep(100)
            done += await library.cancelQueue(undefined)
          }
          changed(null)
          return { done }
        },
      },

      settings: {
        get: () => library.settings(undefined),
        async update(patch: SettingsPatch) {
          const reindexStarted = await reindex.request(patch)
          const settings = await library.settings(undefined)
          if (patch.device !== undefined) await devices.chosen(patch.device)
          await live.settingsChanged(settings)
          events.emit({ type: 'settings-changed' })
          if (
            reindexStarted ||
            patch.embeddingModel !== undefined ||
            patch.chunking ||
            patch.device !== undefined
          )
            indexing.interrupt()
          events.statusChanged()
          return { settings, reindexStarted }
        },
      },

      models: {
        list: async () => ({ models: await manager.list() }),
        ...manager.calls,
        test: manager.test,
        override: selfTests.override,
      },

      reindex: createReindexCalls({
        library,
        reindex,
        indexing,
        statusChanged: () => events.statusChanged(),
        settingsChanged: () => events.emit({ type: 'settings-changed' }),
        doubted: () => canary.drift() !== null,
        prepare: (target) => live.prepare(target),
        switched: () => follow(switched),
      }),

      devices: devices.calls,

      sources: {
        list: async () => ({ sources: await library.sources(undefined) }),
        async remove({ id }: { id: number }) {
          const done = await library.removeSource({ id })
          await folders.refresh()
          changed(null)
          return { done }
        },
      },

      local: {
        async add({ paths }: { paths: string[] }) {
          const report = await linkPaths(library, libraryDir, paths, look)
          await folders.refresh()
          return report
        },
        async reveal({ id }: { id: number }) {
          const row = await library.row({ id })
          if (!row) throw new AppError('not-found', 'There is no such document.', { data: { id } })
          return { path: row.stored_sha256 === null ? row.path : storedFile(libraryDir, row.stored_sha256) }
        },
        importModel: (input: { path: string }) => manager.importModel(input),
        /** In the indexer process, which stops indexing for as long as it takes. */
        evaluate: (
          input: { folder: string; distractors?: string | undefined; maxQueries?: number | undefined },
          signal: AbortSignal,
        ) =>
          streamed<{ stage: string; done: number; total: number; report: unknown }>(async (push) => {
            const report = await indexing.exclusively((client) =>
              client.call.evaluate(input, {
                signal,
                onProgress: (step) =>
                  push({ ...(step as { stage: string; done: number; total: number }), report: null }),
              }),
            )
            push({ stage: 'done', done: 1, total: 1, report })
          }),
      },

      uploads: {
        async receive(upload: {
          name: string
          lastModified: number | null
          body: ReadableStream<Uint8Array>
          signal: AbortSignal
        }) {
          const received = await receiveUpload(library, libraryDir, {
            ...upload,
            lastModified: upload.lastModified ?? Date.now(),
          })
          if (!received.unchanged) {
            indexing.wake()
            changed([received.documentId])
          }
          return received
        },
        receiveModel: (upload: { name: string; body: ReadableStream<Uint8Array>; signal: AbortSignal }) =>
          manager.receive(upload),
      },

      /** Resolves when all work is done; rejects when it cannot be. For commands that wait. */
      async idle() {
        await indexing.idle()
        await switching
      },
      /** Ends when the canary was looked at. */
      canaryChecked: () => canary.check(),
      /** Ends when it is known what the models run on. */
      devicesSettled: devices.settled,
      /** Looks at the linked folders now; the watcher does it by itself. */
      rescan: () => rescan(library, libraryDir, look),
      /** The indexer's process, for the tests that kill it. */
      indexerPid: () => indexing.pid,
      close: closeAll,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}
