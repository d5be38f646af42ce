/**
 * One file through stages 2 to 5: fingerprint, extract, normalise, chunk, embed, write. Works in groups, and prepares
 * the next group while the last is embedded. What is wrong with a file becomes its reason and stops no other [DA2].
 * Order of writes: text, chunks with keywords, vectors, then the document's state; a crash between two of them leaves
 * a job that finds the earlier ones done [DA1].
 */
import { chunkText } from '../chunk/chunk.ts'
import { normalise } from '../chunk/normalise.ts'
import type { Chunk, Limit } from '../chunk/types.ts'
import type { Embedder } from '../embed/types.ts'
import { extractorVersions } from '../extract/extract.ts'
import type { ExtractedText, ExtractResult } from '../extract/types.ts'
import { fingerprint } from '../files/fingerprint.ts'
import type { Reason } from '../../shared/document.ts'
import { AppError, isDiskFull } from '../../shared/errors.ts'
import type { Library } from '../store/library/library.ts'
import { storedFile } from '../store/library/layout.ts'
import type { Job } from '../store/library/queue.ts'
import type { Target } from '../store/library/rows.ts'
import type { WritableIndexStore } from '../store/index/index-store.ts'
import type { WritableVectorStore } from '../store/vectors/vector-store.ts'

/** The files of a target, open. */
export interface OpenFiles {
  target: Target
  index: WritableIndexStore
  vectors: WritableVectorStore
}

/** What other targets have to do with one. */
export interface Beside {
  /** Of the other models over the same index: a chunk must fit each of them [CH1]. */
  limits: readonly Limit[]
  /** Vectors of the same space in other files: what was embedded once is not embedded again. */
  caches: readonly Pick<WritableVectorStore, 'find' | 'canary'>[]
  /** Vectors of other spaces over the same index: they lose a text whose chunks are replaced. */
  siblings: readonly Pick<WritableVectorStore, 'has' | 'drop'>[]
}

export const nothingBeside: Beside = { limits: [], caches: [], siblings: [] }

/** A target with its files open and its model loaded. */
export interface OpenTarget extends OpenFiles {
  beside: Beside
  embedder: Embedder
  /** Sentence vectors for semantic chunking: always the built-in model, whatever the target's own is. */
  embedSentences(sentences: string[]): Promise<Float32Array[]>
}

export interface IngestOptions {
  library: Library
  libraryDir: string
  extract(path: string, kindHint: Job['kind'], signal: AbortSignal): Promise<ExtractResult>
  signal: AbortSignal
  /** Told after every write. */
  onProgress(progress: { documentIds: number[]; documents: number; chunks: number }): void
}

/** A group is about this much file, and at most so many files: enough to fill batches, little enough to lose. */
const groupFiles = 48
const groupBytes = 2_000_000

interface Prepared {
  job: Job
  sha256: string
  text: ExtractedText
  textIsNew: boolean
  /** null: the live index has its chunks already. */
  chunks: Chunk[] | null
  /** The live index has chunks and vectors: nothing to write but the document's state. */
  done: boolean
}

interface Failed {
  job: Job
  reason: Reason
  sha256: string | null
}

/** Works through the queue until it is empty or `signal` aborts; what was in hand then is put back. */
export async function ingestQueue(live: OpenTarget, options: IngestOptions): Promise<void> {
  const { library, signal } = options
  let inFlight: Promise<void> = Promise.resolve()
  try {
    while (!signal.aborted) {
      const jobs = library.queue.take(groupFiles, groupBytes)
      if (jobs.length === 0) break
      let group: Awaited<ReturnType<typeof prepareGroup>>
      try {
        group = await prepareGroup(jobs, live, options)
      } catch (error) {
        library.queue.release(jobs.map((job) => job.documentId))
        throw error
      }
      await inFlight
      inFlight = finishGroup(group, live, options)
      // Errors surface at the next await; without this an early one would count as unhandled.
      inFlight.catch(() => {})
    }
  } finally {
    await inFlight
  }
}

async function prepareGroup(jobs: Job[], live: OpenTarget, options: IngestOptions) {
  const results = await Promise.all(jobs.map((job) => readOne(job, options)))
  const prepared: Prepared[] = []
  const failed: Failed[] = []
  const released: Job[] = []
  const chunked = new Map<string, Chunk[]>()
  for (const result of results) {
    if ('released' in result) released.push(result.job)
    else if ('reason' in result) failed.push(result)
    else {
      const { sha256 } = result
      const chunksAreThere = !result.textIsNew && live.index.has(sha256)
      if (!chunksAreThere && !chunked.has(sha256)) chunked.set(sha256, await chunkFor(live, result.text))
      prepared.push({
        ...result,
        chunks: chunked.get(sha256) ?? null,
        done: chunksAreThere && live.vectors.has(sha256),
      })
    }
  }
  return { prepared, failed, released }
}

async function readOne(
  job: Job,
  { library, libraryDir, extract, signal }: IngestOptions,
): Promise<Failed | { job: Job; released: true } | Omit<Prepared, 'chunks' | 'done'>> {
  const path = job.storedSha256 === null ? job.path : storedFile(libraryDir, job.storedSha256)
  try {
    const print = await fingerprint(path, { signal })
    if (!print.ok) return { job, reason: print.reason, sha256: null }
    const { sha256 } = print
    if (library.texts.extractorOf(sha256) === extractorVersions[job.kind]) {
      const text = library.texts.get(sha256)
      if (text) return { job, sha256, text, textIsNew: false }
    }
    const result = await extract(path, job.kind, signal)
    if (!result.ok) return { job, reason: result.reason, sha256 }
    return { job, sha256, text: result.text, textIsNew: true }
  } catch (error) {
    if (error instanceof AppError && (error.code === 'cancelled' || error.code === 'unavailable')) {
      return { job, released: true }
    }
    return {
      job,
      reason: { code: 'unreadable', data: { detail: String(error).slice(0, 300) } },
      sha256: null,
    }
  }
}

/** How a text is cut, and for which model. */
export interface Cutting extends Pick<OpenTarget, 'embedSentences'> {
  chunking: Target['chunking']
  embedder: Pick<Embedder, 'maxTokens' | 'countTokens'>
  limits: readonly Limit[]
}

export function cutText(
  { chunking, embedder, limits, embedSentences }: Cutting,
  text: ExtractedText,
): Promise<Chunk[]> {
  return chunkText(normalise(text), {
    ...chunking,
    maxTokens: embedder.maxTokens,
    countTokens: (input) => embedder.countTokens(input),
    limits,
    embedSentences,
  })
}

export const chunkFor = (
  { target, embedder, beside, embedSentences }: OpenTarget,
  text: ExtractedText,
): Promise<Chunk[]> =>
  cutText({ chunking: target.chunking, embedder, limits: beside.limits, embedSentences }, text)

async function finishGroup(
  { prepared, failed, released }: { prepared: Prepared[]; failed: Failed[]; released: Job[] },
  live: OpenTarget,
  options: IngestOptions,
): Promise<void> {
  const { library } = options
  if (released.length > 0) library.queue.release(released.map((job) => job.documentId))
  const fresh = new Map<string, NewText>()
  for (const { done, sha256, text, chunks } of prepared) {
    if (!done) fresh.set(sha256, { sha256, title: text.title, chunks })
  }
  const write = (one: readonly Prepared[]) =>
    writeTexts(
      live,
      [...fresh.values()].filter(({ sha256 }) => one.some((other) => other.sha256 === sha256)),
      options.signal,
      () => library.texts.putMany(one.filter(({ textIsNew }) => textIsNew)),
    )
  let written = prepared
  try {
    await write(prepared)
  } catch (error) {
    if (isInterruption(error)) {
      library.queue.release(prepared.map((one) => one.job.documentId))
      if (error instanceof AppError && error.code === 'cancelled') return
      throw error
    }
    // Some text of the group is more than the model can take: one by one shows which, and only that one fails [DA2].
    written = []
    for (const one of prepared) {
      try {
        await write([one])
        written.push(one)
      } catch (reason) {
        if (isInterruption(reason)) {
          library.queue.release(prepared.map((other) => other.job.documentId))
          if (reason instanceof AppError && reason.code === 'cancelled') return
          throw reason
        }
        failed.push({
          job: one.job,
          reason: { code: 'model-failed', data: { detail: String(reason).slice(0, 300) } },
          sha256: one.sha256,
        })
      }
    }
  }
  library.transaction(() => {
    for (const { job, sha256, text, chunks } of written) {
      library.documents.markRead(job.documentId, {
        sha256,
        title: text.title,
        date: text.date,
        tags: text.tags,
        metadata: text.metadata,
        pages: text.pages?.length ?? null,
        chunks: chunks?.length ?? live.index.chunkIds(sha256).length,
        partial: text.partial,
      })
    }
    for (const { job, reason, sha256 } of failed) library.documents.markFailed(job.documentId, reason, sha256)
  })
  options.onProgress({
    documentIds: [...written, ...failed].map((one) => one.job.documentId),
    documents: written.length + failed.length,
    chunks: [...fresh.values()].reduce((sum, text) => sum + (text.chunks?.length ?? 0), 0),
  })
}

/** What says nothing about a file: the work was stopped, a process died, the disk is full. */
const isInterruption = (error: unknown): boolean =>
  (error instanceof AppError && ['cancelled', 'unavailable'].includes(error.code)) || isDiskFull(error)

/** A text on its way into a target. */
export interface NewText {
  sha256: string
  title: string | null
  /** null: the index holds its chunks already, only vectors are missing. */
  chunks: readonly Chunk[] | null
}

/**
 * Embeds and writes some texts into a target, replacing what was there of them. An input the space has embedded before
 * is not embedded again, whichever text or chunking it came from. `beforeIndex` writes the truth the rows stand on.
 * Answers how many chunks had their vector from there.
 */
export async function writeTexts(
  { index, vectors, embedder, beside }: OpenTarget,
  texts: readonly NewText[],
  signal: AbortSignal,
  beforeIndex: () => void = () => {},
): Promise<{ reused: number }> {
  const inputs = new Map<string, readonly { inputHash: string; input: string }[]>(
    texts.map(({ sha256, chunks }) => [sha256, chunks ?? index.inputs(sha256)]),
  )
  const byHash = new Map<string, Float32Array | null>()
  const missing: { hash: string; input: string }[] = []
  let reused = 0
  for (const { inputHash, input } of [...inputs.values()].flat()) {
    if (byHash.has(inputHash)) {
      if (byHash.get(inputHash)) reused++
      continue
    }
    const cached = findVector([vectors, ...beside.caches], inputHash)
    byHash.set(inputHash, cached)
    if (cached) reused++
    else missing.push({ hash: inputHash, input })
  }
  if (missing.length > 0) {
    const made = await embedder.embedDocuments(
      missing.map((one) => one.input),
      signal,
    )
    missing.forEach((one, i) => byHash.set(one.hash, made[i]!))
  }
  if (signal.aborted) throw new AppError('cancelled', 'stopped before writing')
  beforeIndex()
  const rechunked = texts.flatMap(({ sha256, title, chunks }) => (chunks ? [{ sha256, title, chunks }] : []))
  // The done mark of the old vectors goes first: a crash in between leaves a text to be done, never a half one.
  for (const { sha256 } of rechunked) {
    for (const store of [...beside.siblings, vectors]) if (store.has(sha256)) store.drop(sha256)
  }
  index.putMany(rechunked)
  vectors.putMany(
    texts.map(({ sha256 }) => {
      const chunkIds = index.chunkIds(sha256)
      const rows = inputs
        .get(sha256)!
        .map(({ inputHash }, i) => ({ chunkId: chunkIds[i]!, inputHash, vector: byHash.get(inputHash)! }))
      return { sha256, rows }
    }),
  )
  return { reused }
}

function findVector(
  stores: readonly Pick<WritableVectorStore, 'find'>[],
  inputHash: string,
): Float32Array | null {
  for (const store of stores) {
    const vector = store.find(inputHash)
    if (vector) return vector
  }
  return null
}
