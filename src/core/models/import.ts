/**
 * Takes a model's folder into the library: only the files that make it (graph, weights, tokenizer, settings, card), copied
 * into a folder of its own that gets its name when all is there and can be read. Nothing in place is overwritten; links
 * are followed only where a hub's cache keeps its files.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { AppError, isDiskFull } from '../../shared/errors.ts'
import { freeBytesOf, reserveBytes } from './download.ts'
import { loadModel, type Model } from './load.ts'
import { readManifold, writeManifold, type Origin } from './origin.ts'
import { sha256OfFile } from './space.ts'
import { unzipModel } from './unzip.ts'

export interface ImportOptions {
  /** A folder, or a zip file. */
  path: string
  /** What it is called where the path does not say: the upload's name. */
  name?: string
  modelsDir: string
  /** Ids that are taken; a model with one of them is refused. */
  taken: ReadonlySet<string>
  signal?: AbortSignal
  freeBytes?: (folder: string) => Promise<number>
}

const maxSmallBytes = 64_000_000

/** Returns the id it has from now on. Throws 'model-invalid', 'conflict', 'disk-full', 'not-found'. */
export async function importModel(options: ImportOptions): Promise<string> {
  const { modelsDir, freeBytes = freeBytesOf, signal } = options
  const path = resolve(options.path)
  const there = await stat(path).catch(() => null)
  if (!there) throw new AppError('not-found', `${path} is not there.`, { data: { path } })
  await mkdir(modelsDir, { recursive: true, mode: 0o700 })
  const work = join(modelsDir, `.importing-${randomUUID()}`)
  await mkdir(work, { mode: 0o700 })
  try {
    const free = (await freeBytes(modelsDir)) - reserveBytes
    if (there.isDirectory()) {
      const id = idFor(options.name ?? nameOfFolder(path), options.taken)
      return await take(path, { id, work, free, move: false, ...options })
    }
    const unpacked = join(work, 'unpacked')
    await mkdir(unpacked, { mode: 0o700 })
    const { root } = await unzipModel(path, unpacked, { freeBytes: free, ...(signal ? { signal } : {}) })
    const id = idFor(root || (options.name ?? basename(path)).replace(/\.zip$/i, ''), options.taken)
    return await take(unpacked, { id, work, free, move: true, ...options })
  } catch (error) {
    if (signal?.aborted) throw new AppError('cancelled', 'The import was stopped.', { cause: error })
    if (error instanceof AppError) throw error
    if (isDiskFull(error)) {
      throw new AppError('disk-full', 'The disk is full. Nothing was imported.', { cause: error })
    }
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM') {
      throw new AppError('forbidden', `${path} cannot be read: no access.`, { cause: error, data: { path } })
    }
    throw error
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** `…/models--org--name/snapshots/<commit>`, as hub clients keep them, is called by its name. */
function nameOfFolder(path: string): string {
  const cached = /models--(?:[^/\\]+--)?([^/\\]+)[/\\]snapshots[/\\][^/\\]+$/.exec(path)?.[1]
  return cached ?? basename(path)
}

function idFor(name: string, taken: ReadonlySet<string>): string {
  const id = name
    .normalize('NFKC')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[-.]+$/gi, '')
    .slice(0, 100)
  if (id === '') {
    throw new AppError('bad-request', 'The folder needs a name with letters or digits in it.', {
      data: { name },
    })
  }
  if ([...taken].some((one) => one.toLowerCase() === id.toLowerCase())) {
    throw new AppError(
      'conflict',
      `There is a model "${id}" already. Remove it first, or rename the folder.`,
      { data: { model: id, problem: 'taken' } },
    )
  }
  return id
}

interface Taking extends ImportOptions {
  id: string
  work: string
  free: number
  /** The source is ours, so its files need not be copied. */
  move: boolean
}

async function take(source: string, { id, work, free, move, modelsDir, signal }: Taking): Promise<string> {
  const model = await loadTolerant(source)
  const root = await realpath(source)
  const paths = await filesOfModel(source, model)
  let total = 0
  for (const path of paths) {
    await assertInside(join(source, path), root)
    total += (await stat(join(source, path))).size
  }
  if (!move && total > free) {
    throw new AppError(
      'disk-full',
      `There is not enough room: ${total} bytes, and ${Math.max(0, free)} are free.`,
      {
        data: { neededBytes: total, freeBytes: Math.max(0, free) },
      },
    )
  }
  const target = join(work, id)
  const files: Origin['files'] = []
  for (const path of paths) {
    signal?.throwIfAborted()
    const file = join(target, path)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    if (move) await rename(join(source, path), file)
    else await copyFile(join(source, path), file, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    files.push({
      path: path.split(sep).join('/'),
      sizeBytes: await synced(file),
      sha256: await sha256OfFile(file, signal),
    })
  }
  const { origin: _theirs, ...said } = await readManifold(source)
  await writeManifold(target, {
    ...said,
    origin: {
      kind: 'import',
      repository: null,
      revision: null,
      source: null,
      at: new Date().toISOString(),
      files,
      warnings: [],
    } satisfies Origin,
  })
  await loadTolerant(target)
  await rename(target, join(modelsDir, id))
  return id
}

/** A model whose pooling nobody says is taken too: the person may say it. */
async function loadTolerant(folder: string): Promise<Model> {
  try {
    return await loadModel(folder, { builtInDir: null })
  } catch (error) {
    if (!(error instanceof AppError) || error.data.problem !== 'pooling-unknown') throw error
    return loadModel(folder, { builtInDir: null, overrides: { pooling: ['mean'] } })
  }
}

/** What loading reads, and what tells people about the model; of many variants of a graph only the one in use. */
async function filesOfModel(folder: string, model: Model): Promise<string[]> {
  const needed = [...model.weightFiles, model.tokenizerFile, model.tokenizerConfigFile]
  const paths = new Set(needed.filter((file) => file !== null).map((file) => relative(folder, file)))
  const isSmall = /\.json$|^(readme|licen[cs]e|notice)[^/\\]*$/i
  const look = async (inside: string): Promise<void> => {
    for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
      const path = join(inside, entry.name)
      if (entry.name.startsWith('.') || entry.name === 'manifold.json') continue
      if (entry.isDirectory() && inside === '') await look(path)
      else if (isSmall.test(entry.name)) {
        const found = await stat(join(folder, path)).catch(() => null)
        if (found?.isFile() && found.size <= maxSmallBytes) paths.add(path)
      }
    }
  }
  await look('')
  return [...paths].sort()
}

/** The file itself lies in the folder, or where a hub client's cache links to. */
async function assertInside(file: string, root: string): Promise<void> {
  const real = await realpath(file)
  const cache = /[/\\]snapshots[/\\][^/\\]+$/.test(root) ? [join(root, '..', '..', 'blobs')] : []
  if ([root, ...cache].some((folder) => real.startsWith(folder + sep))) return
  throw new AppError('model-invalid', `${relative(root, file)} is a link to a place outside the folder.`, {
    data: { problem: 'path', file: basename(file) },
  })
}

async function synced(path: string): Promise<number> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}
