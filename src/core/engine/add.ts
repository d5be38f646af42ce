/**
 * How documents come in: folders and files linked in place, or bytes uploaded and kept. Names are in the library, and
 * so findable, before anything is read.
 */
import { createHash, randomUUID } from 'node:crypto'
import { open, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { ReasonCode } from '../../shared/document.ts'
import { AppError, isDiskFull } from '../../shared/errors.ts'
import { kindOfName } from '../extract/extract.ts'
import { walk } from '../files/walk.ts'
import type { FoundFile } from '../store/library/documents.ts'
import { filesFolder, storedFile } from '../store/library/layout.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'

/** Files put into the library in one transaction: few enough that a search of names never waits. */
const batchFiles = 500
/** A larger upload is refused; nothing that large could be read anyway. */
export const maxUploadBytes = 256 * 1024 * 1024

export interface AddReport {
  documents: number
  unchanged: number
  refused: { path: string; reason: ReasonCode }[]
}

const slashes = (path: string): string => (sep === '/' ? path : path.split(sep).join('/'))

const contains = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

/** Links files and folders. What cannot be walked is reported and stops nothing. */
export async function linkPaths(
  library: Remote<LibraryJobs>,
  libraryDir: string,
  paths: readonly string[],
  onBatch: () => void = () => {},
): Promise<AddReport> {
  const report: AddReport = { documents: 0, unchanged: 0, refused: [] }
  for (const given of paths) {
    const path = resolve(given)
    let folder: boolean
    try {
      const found = await stat(path)
      if (!found.isDirectory() && !found.isFile()) {
        report.refused.push({ path, reason: 'unsupported' })
        continue
      }
      folder = found.isDirectory()
    } catch (error) {
      report.refused.push({ path, reason: isMissing(error) ? 'vanished' : 'unreadable' })
      continue
    }
    if (contains(resolve(libraryDir), path)) {
      report.refused.push({ path, reason: 'unsupported' })
      continue
    }
    if (folder) await linkFolder(library, libraryDir, path, true, report, onBatch)
    else await linkFile(library, path, report)
  }
  onBatch()
  return report
}

/** Walks a folder into the library. A folder inside one that is linked already belongs to that one. */
export async function linkFolder(
  library: Remote<LibraryJobs>,
  libraryDir: string,
  path: string,
  explicit: boolean,
  report: AddReport,
  onBatch: () => void,
): Promise<Set<string>> {
  const sources = await library.sourceRows(undefined)
  const parent = sources.find((source) => source.kind === 'folder' && contains(source.path, path))
  const root = parent?.path ?? path
  const sourceId = parent?.id ?? (await library.ensureSource({ kind: 'folder', path }))
  const seen = new Set<string>()
  let batch: FoundFile[] = []
  const flush = async () => {
    const { queued, unchanged } = await library.upsert({ sourceId, files: batch, explicit })
    report.documents += queued
    report.unchanged += unchanged
    batch = []
    if (queued > 0) onBatch()
  }
  const own = resolve(libraryDir)
  for await (const entry of walk(path)) {
    if (contains(own, entry.path)) continue
    if (!entry.ok && (entry.folder || entry.reason !== 'unreadable')) {
      report.refused.push({ path: entry.path, reason: entry.reason })
      continue
    }
    seen.add(entry.path)
    batch.push({
      path: entry.path,
      relPath: slashes(relative(root, entry.path)),
      kind: entry.ok ? entry.kind : kindOfName(entry.path),
      // A file without permission is known by name; reading it records why it cannot be read.
      sizeBytes: entry.ok ? entry.sizeBytes : 0,
      mtimeMs: entry.ok ? entry.mtimeMs : 0,
    })
    if (batch.length === batchFiles) await flush()
  }
  if (batch.length > 0) await flush()
  return seen
}

async function linkFile(library: Remote<LibraryJobs>, path: string, report: AddReport): Promise<void> {
  const sources = await library.sourceRows(undefined)
  const parent = sources.find((source) => source.kind === 'folder' && contains(source.path, path))
  const sourceId = parent?.id ?? (await library.ensureSource({ kind: 'file', path: dirname(path) }))
  const { size, mtimeMs } = await stat(path)
  const { queued, unchanged } = await library.upsert({
    sourceId,
    explicit: true,
    files: [
      {
        path,
        relPath: parent ? slashes(relative(parent.path, path)) : basename(path),
        kind: kindOfName(path),
        sizeBytes: size,
        mtimeMs,
      },
    ],
  })
  report.documents += queued
  report.unchanged += unchanged
}

/** Looks at the linked folders again: new and changed files are queued, missing ones go unless their folder is gone [DA6]. */
export async function rescan(
  library: Remote<LibraryJobs>,
  libraryDir: string,
  onBatch: () => void,
): Promise<void> {
  for (const source of await library.sourceRows(undefined)) {
    if (source.kind === 'uploads') continue
    const there = await isFolderWithEntries(source.path)
    if (await library.setConnected({ id: source.id, connected: there })) onBatch()
    if (!there) continue
    const known = await library.ofSource({ id: source.id })
    const report: AddReport = { documents: 0, unchanged: 0, refused: [] }
    if (source.kind === 'folder') {
      const seen = await linkFolder(library, libraryDir, source.path, false, report, onBatch)
      // What could not be walked is not gone.
      const blocked = report.refused.map((refused) => refused.path)
      const gone = []
      for (const { id, path } of known) {
        if (seen.has(path) || blocked.some((folder) => contains(folder, path))) continue
        if (await isGone(path)) gone.push(id)
      }
      if (gone.length > 0) {
        await library.vanish({ ids: gone })
        onBatch()
      }
      continue
    }
    const changed: FoundFile[] = []
    for (const { path, relPath, size, mtimeMs } of known) {
      const now = await stat(path).catch(() => null)
      if (now?.isFile() && (now.size !== size || Math.round(now.mtimeMs) !== mtimeMs)) {
        changed.push({ path, relPath, kind: kindOfName(path), sizeBytes: now.size, mtimeMs: now.mtimeMs })
      }
    }
    if (changed.length > 0) {
      await library.upsert({ sourceId: source.id, files: changed, explicit: false })
      onBatch()
    }
  }
}

/** An unmounted drive often leaves an empty folder behind: that is "not connected", not "everything was deleted". */
async function isFolderWithEntries(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0
  } catch {
    return false
  }
}

async function isGone(path: string): Promise<boolean> {
  try {
    await stat(path)
    return false
  } catch (error) {
    return isMissing(error)
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

/** A client's file name as a relative path that cannot leave anything or name a drive. */
export function safeRelativePath(name: string): string {
  const parts = name
    .normalize('NFC')
    // Control characters go.
    .replace(/[\u0000-\u001f\u007f]/g, '')
    .split(/[/\\]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== '.' && part !== '..' && !/^[a-z]:$/i.test(part))
    .map((part) => part.slice(0, 255))
  if (parts.length === 0) throw new AppError('bad-request', 'the file has no usable name')
  return parts.slice(-32).join('/')
}

/** Streams an upload to disk under its own sha256: bounded, fsynced before its row exists. */
export async function receiveUpload(
  library: Remote<LibraryJobs>,
  libraryDir: string,
  upload: { name: string; lastModified: number; body: ReadableStream<Uint8Array>; signal: AbortSignal },
): Promise<{ documentId: number; unchanged: boolean }> {
  const relPath = safeRelativePath(upload.name)
  await mkdir(filesFolder(libraryDir), { recursive: true, mode: 0o700 })
  const incoming = join(filesFolder(libraryDir), `incoming-${randomUUID()}`)
  const hash = createHash('sha256')
  let sizeBytes = 0
  try {
    const file = await open(incoming, 'wx', 0o600)
    try {
      for await (const part of upload.body) {
        if (upload.signal.aborted) throw new AppError('cancelled', 'the upload was cancelled')
        sizeBytes += part.byteLength
        if (sizeBytes > maxUploadBytes) {
          throw new AppError(
            'too-large',
            `${relPath} is larger than ${maxUploadBytes} bytes and was not added.`,
            {
              data: { limitBytes: maxUploadBytes },
            },
          )
        }
        hash.update(part)
        await file.write(part)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    const sha256 = hash.digest('hex')
    const kept = storedFile(libraryDir, sha256)
    await mkdir(dirname(kept), { recursive: true, mode: 0o700 })
    await rename(incoming, kept)
    await syncFolder(dirname(kept))
    const sourceId = await library.ensureSource({ kind: 'uploads', path: 'uploads:' })
    const { queued } = await library.upsert({
      sourceId,
      explicit: true,
      files: [
        {
          path: relPath,
          relPath,
          kind: kindOfName(relPath),
          sizeBytes,
          mtimeMs: upload.lastModified,
          storedSha256: sha256,
        },
      ],
    })
    const documentId = await library.idOfPath({ path: relPath })
    if (documentId === null) throw new AppError('internal', 'the uploaded document has no row')
    return { documentId, unchanged: queued === 0 }
  } catch (error) {
    await rm(incoming, { force: true })
    if (isDiskFull(error)) {
      throw new AppError('disk-full', 'The disk is full. The file was not added; nothing else was changed.', {
        cause: error,
      })
    }
    throw error
  }
}

/** Makes a rename survive power loss; not every platform can open a folder. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch {
    // Windows refuses; its rename is journaled.
  }
}
