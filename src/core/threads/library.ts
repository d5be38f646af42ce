/** The engine's library thread: the lock, the truth, and what is counted from the derived files. No search runs here. */
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DocumentQuery } from '../../shared/contract.ts'
import { AppError } from '../../shared/errors.ts'
import type { SettingsPatch } from '../../shared/settings.ts'
import { chooseTarget, type Eagerness, type Wish } from '../reindex/choose.ts'
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

const formerCountMs = 2_000

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
    const index = openIndexStore(indexPath, { readonly: true, ...indexOptions(target) })
    try {
      const vectors = openVectorStore(vectorsPath, { readonly, ...vectorOptions(target, index) })
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

  /**
   * Unlinks derived files no target names, with their logs, and answers the bytes freed. Failing (a file in use) is no
   * harm: the next start tries again.
   */
  function dropUnusedFiles(): number {
    const used = new Set(targets.all().flatMap(filesOf))
    let freed = 0
    for (const name of readdirSync(libraryDir)) {
      if (!/^(index|vectors)-[\w-]+\.db(-wal|-shm)?$/.test(name)) continue
      if (used.has(name.replace(/-(wal|shm)$/, ''))) continue
      try {
        const bytes = fileSize(join(libraryDir, name))
        rmSync(join(libraryDir, name), { force: true })
        freed += bytes
      } catch {
        // In use on this platform; see above.
      }
    }
    return freed
  }

  /** How much of a target is there: counted, so that it is right after a restart too [RE4]. */
  function coverage(target: Target) {
    const wanted = texts.wanted()
    const counted = withTarget(target, (index, vectors) => {
      const indexed = new Set(index.texts())
      const embedded = new Set(vectors.texts())
      const done = wanted.filter((sha256) => indexed.has(sha256) && embedded.has(sha256)).length
      return { done, chunks: vectors.counts().vectors }
    })
    return { total: wanted.length, done: counted?.done ?? 0, chunks: counted?.chunks ?? 0 }
  }

  function buildingCounts() {
    const building = targets.building()
    if (!building) return null
    const now = targets.live()
    const embedOnly = [now?.target, now?.former].some(
      (other) => other && other.id !== building.id && other.indexFile === building.indexFile,
    )
    return { target: building, embedOnly, ...coverage(building) }
  }

  /** Nothing adds to the former, so what it covers is counted again only now and then. */
  let formerSeen: { at: number; id: number; counts: ReturnType<typeof coverage> } | null = null

  function formerCounts() {
    const former = targets.live()?.former
    // One that is caught up stands there as the one being built.
    if (!former || former.state !== 'ready') return null
    if (formerSeen?.id !== former.id || Date.now() - formerSeen.at > formerCountMs)
      formerSeen = { at: Date.now(), id: former.id, counts: coverage(former) }
    const others = targets.all().filter((target) => target.id !== former.id)
    const own = filesOf(former).filter((name) => !others.some((other) => filesOf(other).includes(name)))
    const sizeBytes = own
      .flatMap((name) => [name, `${name}-wal`, `${name}-shm`])
      .reduce((sum, name) => sum + fileSize(join(libraryDir, name)), 0)
    return { target: former, sizeBytes, ...formerSeen.counts }
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
    const index = openOrReplace(target.indexFile, (path) => openIndexStore(path, indexOptions(target)))
    try {
      openOrReplace(target.vectorsFile, (path) => openVectorStore(path, vectorOptions(target, index))).close()
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
        former: formerCounts(),
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
    isDeclined: ({ space }: { space: string }) => settings.flag(declined(space)),
    setFlag: ({ key, on }: { key: string; on: boolean }) => settings.setFlag(key, on),
    note: ({ key }: { key: string }) => settings.note(key),
    setNote: ({ key, value }: { key: string; value: string }) => settings.setNote(key, value),
    history: () => settings.history(),
    remember: ({ query }: { query: string }) => settings.remember(query),
    forgetHistory: () => settings.forgetHistory(),

    live: () => targets.live(),
    building: () => targets.building(),

    /**
     * Stores the settings, and does what they ask for of the index, in one transaction [DA1]. Answers whether an index is
     * being built now.
     */
    wish({ patch, wish, eagerness }: { patch: SettingsPatch; wish: Wish; eagerness: Eagerness }): boolean {
      const { started, target } = library.transaction(() => {
        settings.update(patch)
        // Asked for again, so no longer declined.
        if (settings.flag(declined(wish.space))) settings.setFlag(declined(wish.space), false)
        return chooseTarget(library, wish, {
          eagerness,
          chunksOf: (former) => withTarget(former, (_index, vectors) => vectors.counts().vectors) ?? 0,
        })
      })
      // Whoever opens them read-only finds them; a kill before this is made good at the next start.
      if (target) makeFiles(target)
      dropUnusedFiles()
      return started
    },
    setRecipe: ({ id, recipe }: { id: number; recipe: Target['recipe'] }) => targets.setRecipe(id, recipe),
    /** At start, before anything has them open: files that are missing, damaged or of another layout are made anew, to be filled. */
    repairTargets(): void {
      for (const target of targets.standing()) makeFiles(target)
    },
    setTargetState: ({ id, state }: { id: number; state: Exclude<Target['state'], 'ready'> }) =>
      targets.setState(id, state),
    /** The index that waits answers from now on. False when none waits. */
    switchToBuilt(): boolean {
      return library.transaction(() => {
        const built = targets.building()
        return built?.state === 'complete' && targets.switchTo(built.id)
      })
    },
    /** The former answers again; the settings follow, unless another index is being built for them. False without one. */
    rollback(): boolean {
      formerSeen = null
      return library.transaction(() => {
        const left = targets.live()?.target
        if (!targets.rollback()) return false
        // A start must not build again what the person has just gone back from.
        settings.setFlag(declined(left!.space), true)
        const now = targets.live()!.target
        if (!targets.building()) settings.update({ embeddingModel: now.modelId, chunking: now.chunking })
        return true
      })
    },
    dropFormer(): { done: boolean; freedBytes: number } {
      formerSeen = null
      const done = targets.dropFormer()
      return { done, freedBytes: done ? dropUnusedFiles() : 0 }
    },
    /** Drops what is being built, and sets model and chunking back to those that answer. */
    cancelBuilding(): boolean {
      const done = library.transaction(() => {
        const live = targets.live()?.target
        if (live) settings.update({ embeddingModel: live.modelId, chunking: live.chunking })
        return targets.cancelBuilding()
      })
      dropUnusedFiles()
      return done
    },
    /** What has no role goes. Answers the spaces that have one. */
    tidyTargets(): { spaces: string[] } {
      targets.tidy()
      dropUnusedFiles()
      return { spaces: targets.standing().map((target) => target.space) }
    },
    standing: () => targets.standing(),

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
            const astray = [...embedded].filter(
              (sha256) => !sameIds(index.chunkIds(sha256), vectors.chunkIds(sha256)),
            ).length
            const sum = (ids: (sha256: string) => readonly number[]) =>
              wanted.reduce((count, sha256) => count + ids(sha256).length, 0)
            return {
              astray,
              // Of the texts that are wanted: an index that others stand on too may hold more, as what can be brought back.
              wantedChunks: sum(index.chunkIds),
              wantedVectors: sum(vectors.chunkIds),
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

const indexOptions = (target: Target) => ({ recipe: target.chunkingId, recipeFields: target.recipe })

const vectorOptions = (target: Target, index: { uuid: string }) => ({
  space: target.space,
  spaceFields: target.spaceFields,
  dimensions: target.dimensions,
  indexUuid: index.uuid,
})

const sameIds = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i])

/** Flag: the person went back from this space, so a start does not build it by itself. */
const declined = (space: string): string => `declined.${space}`

const fileSize = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

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
