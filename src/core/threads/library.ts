/** The engine's library thread: the lock, the truth, and what is counted from the derived files. No search runs here. */
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DocumentQuery } from '../../shared/contract.ts'
import { AppError } from '../../shared/errors.ts'
import type { SettingsPatch } from '../../shared/settings.ts'
import { contentOf, linesOf } from '../engine/stored-text.ts'
import type { CanaryRecord } from '../models/canary.ts'
import { nameTokens } from '../search/keyword-tokens.ts'
import { openIndexStore } from '../store/index/index-store.ts'
import type { FoundFile } from '../store/library/documents.ts'
import { openLibrary } from '../store/library/library.ts'
import { lockLibrary } from '../store/library/lock.ts'
import { modelsFolder, filesFolder } from '../store/library/layout.ts'
import type { Target } from '../store/library/rows.ts'
import type { SourceRow } from '../store/library/sources.ts'
import { openVectorStore } from '../store/vectors/vector-store.ts'
import { serveThread } from './thread.ts'

export interface LibraryThreadData {
  libraryDir: string
}

export type LibraryJobs = ReturnType<typeof createLibraryJobs>

export function createLibraryJobs({ libraryDir }: LibraryThreadData) {
  mkdirSync(modelsFolder(libraryDir), { recursive: true, mode: 0o700 })
  mkdirSync(filesFolder(libraryDir), { recursive: true, mode: 0o700 })
  const lock = lockLibrary(libraryDir)
  const library = openLibrary(libraryDir, { nameTokens })
  const { documents, sources, queue, texts, targets, settings } = library

  /** Opens a target's derived files for the length of `read`; null while the indexer has not made them. */
  function withTarget<T>(
    target: Target,
    read: (index: ReturnType<typeof openIndexStore>, vectors: ReturnType<typeof openVectorStore>) => T,
    { readonly = true } = {},
  ): T | null {
    const indexPath = join(libraryDir, target.indexFile)
    const vectorsPath = join(libraryDir, target.vectorsFile)
    if (!existsSync(indexPath) || !existsSync(vectorsPath)) return null
    const index = openIndexStore(indexPath, { readonly: true, recipe: target.chunkingId })
    try {
      const vectors = openVectorStore(vectorsPath, {
        readonly,
        space: target.space,
        dimensions: target.dimensions,
        indexUuid: index.uuid,
      })
      try {
        return read(index, vectors)
      } finally {
        vectors.close()
      }
    } finally {
      index.close()
    }
  }

  function textOf(id: number) {
    const sha256 = documents.get(id)?.sha256
    return sha256 ? texts.get(sha256) : null
  }

  const filesOf = (target: Target): string[] => [target.indexFile, target.vectorsFile]

  /** Unlinks derived files no target names, with their logs. Failing (a file in use) is no harm: the next start tries again. */
  function dropUnusedFiles(): void {
    const used = new Set(targets.all().flatMap(filesOf))
    for (const name of readdirSync(libraryDir)) {
      if (!/^(index|vectors)-[\w-]+\.db(-wal|-shm)?$/.test(name)) continue
      if (used.has(name.replace(/-(wal|shm)$/, ''))) continue
      try {
        rmSync(join(libraryDir, name), { force: true })
      } catch {
        // In use on this platform; see above.
      }
    }
  }

  /** How much of the target being built is there: counted, so that it is right after a restart too [RE4]. */
  function buildingCounts() {
    const building = targets.building()
    if (!building) return null
    const wanted = texts.wanted()
    const counted = withTarget(building, (index, vectors) => {
      const indexed = new Set(index.texts())
      const embedded = new Set(vectors.texts())
      const done = wanted.filter((sha256) => indexed.has(sha256) && embedded.has(sha256)).length
      return { done, chunks: vectors.counts().vectors }
    })
    return { target: building, total: wanted.length, done: counted?.done ?? 0, chunks: counted?.chunks ?? 0 }
  }

  /** Opens a derived file, made if need be; one that cannot be used is only a copy of what the texts give, and goes. */
  function openOrReplace<T>(name: string, open: (path: string) => T): T {
    const path = join(libraryDir, name)
    try {
      return open(path)
    } catch (error) {
      const replaceable =
        error instanceof AppError && ['space-mismatch', 'library-damaged'].includes(error.code)
      if (!replaceable) throw error
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
      return open(path)
    }
  }

  function makeFiles(target: Target): void {
    const index = openOrReplace(target.indexFile, (path) =>
      openIndexStore(path, { recipe: target.chunkingId }),
    )
    try {
      openOrReplace(target.vectorsFile, (path) =>
        openVectorStore(path, { space: target.space, dimensions: target.dimensions, indexUuid: index.uuid }),
      ).close()
    } finally {
      index.close()
    }
  }

  const jobs = {
    /** Everything `status` counts [DA3]: a document is indexed when its chunks, keyword rows and vectors are in the live files. */
    counts() {
      const live = targets.live()
      const claimed = documents.claimedIndexed()
      const counted = live
        ? withTarget(live.target, (index, vectors) => {
            const embedded = new Set(vectors.texts())
            let indexed = 0
            let partial = 0
            for (const sha256 of index.texts()) {
              const claim = embedded.has(sha256) ? claimed.get(sha256) : undefined
              indexed += claim?.indexed ?? 0
              partial += claim?.partial ?? 0
            }
            return { indexed, partial, ...index.counts() }
          })
        : null
      const byStatus = documents.byStatus()
      const of = (status: Parameters<typeof byStatus.get>[0]) => byStatus.get(status) ?? 0
      const total = of('queued') + of('indexing') + of('indexed') + of('partial') + of('failed')
      const indexed = counted?.indexed ?? 0
      const partial = counted?.partial ?? 0
      return {
        total,
        indexed,
        partial,
        failed: of('failed'),
        waiting: total - indexed - partial - of('failed'),
        chunks: counted?.chunks ?? 0,
        truncated: counted?.truncated ?? 0,
        building: buildingCounts(),
        reasons: documents.byReason(),
        queued: queue.waiting(),
        current: queue.current(),
        sizeBytes: folderSize(libraryDir),
        freeBytes: freeBytes(libraryDir),
      }
    },

    get: ({ id }: { id: number }) => documents.summary(id),
    row: ({ id }: { id: number }) => documents.get(id),
    list: (query: DocumentQuery) => documents.list(query),
    copies: ({ id }: { id: number }) => documents.copies(id),
    folders: () => documents.folders(),
    tags: () => documents.tags(),
    remove: ({ ids }: { ids: number[] }) => documents.remove(ids),
    restore: ({ ids }: { ids: number[] }) => documents.restore(ids),
    vanish: ({ ids }: { ids: number[] }) => documents.vanish(ids),
    retry: ({ ids }: { ids?: number[] | undefined }) => documents.retry(ids),
    upsert: ({ sourceId, files, explicit }: { sourceId: number; files: FoundFile[]; explicit: boolean }) =>
      documents.upsert(sourceId, files, explicit),
    idOfPath: ({ path }: { path: string }) => documents.idOfPath(path),
    ofSource: ({ id }: { id: number }) => documents.ofSource(id),
    /** Stored text as the reader needs it; null before the document was read. */
    content({ id }: { id: number }) {
      const text = textOf(id)
      return text && contentOf(text)
    },
    lines({ id, start, end }: { id: number; start: number; end: number }) {
      const text = textOf(id)
      return text && linesOf(text, start, end)
    },

    sources: () => sources.list(),
    sourceRows: () => sources.all(),
    ensureSource: ({ kind, path }: { kind: SourceRow['kind']; path: string }) => sources.ensure(kind, path),
    setConnected: ({ id, connected }: { id: number; connected: boolean }) =>
      sources.setConnected(id, connected),
    removeSource: ({ id }: { id: number }) => sources.remove(id),

    waiting: () => queue.waiting(),
    cancelQueue: () => queue.cancel(),

    settings: () => settings.get(),
    updateSettings: (patch: SettingsPatch) => settings.update(patch),
    flag: ({ key }: { key: string }) => settings.flag(key),
    setFlag: ({ key, on }: { key: string; on: boolean }) => settings.setFlag(key, on),
    note: ({ key }: { key: string }) => settings.note(key),
    setNote: ({ key, value }: { key: string; value: string }) => settings.setNote(key, value),
    history: () => settings.history(),
    remember: ({ query }: { query: string }) => settings.remember(query),
    forgetHistory: () => settings.forgetHistory(),

    live: () => targets.live(),
    building: () => targets.building(),
    /** Makes the target's files, so that whoever opens them read-only finds them. */
    addTarget(target: Omit<Target, 'id' | 'error'>): Target {
      const added = targets.add(target)
      makeFiles(added)
      return added
    },
    /** At start, before anything has them open: files that are missing, damaged or of another layout are made anew, to be filled. */
    repairTargets(): void {
      for (const target of [targets.live()?.target, targets.building()]) if (target) makeFiles(target)
    },
    setTargetState: ({ id, state, error }: { id: number; state: Target['state']; error?: string | null }) =>
      targets.setState(id, state, error ?? null),
    switchTo: ({ id }: { id: number }) => targets.switchTo(id),
    removeTarget({ id }: { id: number }): void {
      targets.remove(id)
      dropUnusedFiles()
    },
    /** At start: what neither answers nor is being built goes. */
    tidyTargets(): void {
      const live = targets.live()
      const building = targets.building()
      for (const target of targets.all()) {
        if (target.id !== live?.target.id && target.id !== building?.id) targets.remove(target.id)
      }
      dropUnusedFiles()
    },

    /** What is kept with the live vectors; null where there is none [MO3]. */
    liveCanary() {
      const live = targets.live()
      return live ? withTarget(live.target, (_index, vectors) => vectors.canary()) : null
    },
    keepLiveCanary(record: CanaryRecord): void {
      const live = targets.live()
      if (live) withTarget(live.target, (_index, vectors) => vectors.keepCanary(record), { readonly: false })
    },

    check() {
      const live = targets.live()
      const derived = live
        ? withTarget(live.target, (index, vectors) => {
            const { texts: indexTexts, chunks } = index.counts()
            const counts = vectors.counts()
            const wanted = texts.wanted()
            const indexed = new Set(index.texts())
            const embedded = new Set(vectors.texts())
            return {
              index: index.check(),
              vectors: vectors.check(),
              chunks,
              vectorRows: counts.vectors,
              texts: indexTexts,
              missing: wanted.filter((sha256) => !indexed.has(sha256) || !embedded.has(sha256)).length,
              wanted: wanted.length,
            }
          })
        : null
      return { library: library.check(), derived }
    },

    close(): void {
      library.close()
      lock.release()
    },
  }
  return jobs
}

function folderSize(directory: string): number {
  let sum = 0
  for (const name of readdirSync(directory)) {
    try {
      const stat = statSync(join(directory, name))
      if (stat.isFile()) sum += stat.size
    } catch {
      // A log file that went away between the two calls.
    }
  }
  return sum
}

function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch (cause) {
    throw new AppError('unavailable', 'cannot read the free space of the library disk', { cause })
  }
}

serveThread(createLibraryJobs)
