/**
 * Unpacks a zip of one model into a folder that is there and empty. Hostile: entries, sizes and ratio are bounded before
 * anything is written and again while it is; no name leads out, no link, no password; each file has its CRC or is refused.
 */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { openPromise, type Entry, type ZipFile } from 'yauzl'
import { AppError, isDiskFull } from '../../shared/errors.ts'
import { isSafePath } from './download-plan.ts'

export const zipLimits = {
  entries: 2_000,
  totalBytes: 20_000_000_000,
  /** Above this, text compresses no better; weights hardly at all. */
  ratio: 100,
  /** Small files may have any ratio. */
  ratioFromBytes: 4_000_000,
}

const invalid = (problem: string, message: string, data: Record<string, string | number> = {}): AppError =>
  new AppError('model-invalid', message, { data: { problem, ...data } })

/** Takes the folder of the topmost config.json, and what is below it. `freeBytes`: on the target's disk. */
export async function unzipModel(
  path: string,
  target: string,
  {
    freeBytes,
    signal,
    limits = zipLimits,
  }: { freeBytes: number; signal?: AbortSignal; limits?: typeof zipLimits },
): Promise<{ root: string }> {
  const zip = await opened(path)
  try {
    const entries = await readEntries(zip, limits)
    const root = rootOf(entries)
    const chosen = entries.filter(({ fileName }) => fileName.startsWith(root))
    const total = chosen.reduce((sum, entry) => sum + entry.uncompressedSize, 0)
    if (total > freeBytes) {
      throw new AppError(
        'disk-full',
        `There is not enough room to unpack: ${total} bytes, and ${freeBytes} are free.`,
        {
          data: { neededBytes: total, freeBytes },
        },
      )
    }
    for (const entry of chosen) {
      signal?.throwIfAborted()
      await extract(zip, entry, join(target, ...entry.fileName.slice(root.length).split('/')), signal)
    }
    return { root: root.replace(/\/$/, '').split('/').at(-1) ?? '' }
  } finally {
    zip.close()
  }
}

async function opened(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new AppError('not-found', 'The zip file is no longer there.', { cause: error })
    }
    throw invalid('zip', 'This is not a zip file, or it is damaged.')
  }
}

async function readEntries(zip: ZipFile, limits: typeof zipLimits): Promise<Entry[]> {
  const tooMany = invalid('zip-entries', `The zip holds more than ${limits.entries} files.`)
  if (zip.entryCount > limits.entries) throw tooMany
  const entries: Entry[] = []
  const names = new Set<string>()
  let total = 0
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName } = entry
      if (entries.length >= limits.entries) throw tooMany
      // Folders, and what systems leave in archives.
      if (
        fileName.endsWith('/') ||
        fileName.split('/').some((step) => step === '__MACOSX' || /^\.[^.]/.test(step))
      )
        continue
      if (!isSafePath(fileName)) throw escapes(fileName)
      if (entry.isEncrypted()) {
        throw invalid('zip-encrypted', 'The zip needs a password. Unpack it yourself and import the folder.')
      }
      const unixType = (entry.externalFileAttributes >>> 16) & 0o170000
      if (unixType !== 0 && unixType !== 0o100000) {
        throw invalid('zip-link', `The zip holds a link or another special file: ${fileName.slice(0, 100)}`, {
          file: fileName.slice(0, 100),
        })
      }
      const name = fileName.normalize('NFC').toLowerCase()
      if (names.has(name)) throw invalid('zip-twice', `The zip holds ${fileName.slice(0, 100)} twice.`)
      names.add(name)
      total += entry.uncompressedSize
      if (
        total > limits.totalBytes ||
        (entry.uncompressedSize > limits.ratioFromBytes &&
          entry.uncompressedSize > entry.compressedSize * limits.ratio)
      ) {
        throw invalid('zip-bomb', 'The zip would unpack to far more than it is. It was not unpacked.', {
          bytes: total,
        })
      }
      entries.push(entry)
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    const text = error instanceof Error ? error.message : String(error)
    if (/absolute path|relative path|invalid characters/.test(text)) throw escapes(text)
    throw invalid('zip', 'The zip is damaged: its list of files cannot be read.')
  }
  return entries
}

const escapes = (name: string): AppError =>
  invalid('zip-path', `The zip names a file that would land elsewhere: ${name.slice(0, 200)}`)

/** '' or 'folder/'. */
function rootOf(entries: readonly Entry[]): string {
  const roots = entries
    .map(({ fileName }) => fileName)
    .filter((name) => name === 'config.json' || name.endsWith('/config.json'))
    .map((name) => name.slice(0, -'config.json'.length))
    .sort((a, b) => a.split('/').length - b.split('/').length)
  const [first, second] = roots
  if (first === undefined)
    throw invalid('missing-file', 'There is no config.json in the zip.', { file: 'config.json' })
  if (second !== undefined && second.split('/').length === first.split('/').length) {
    throw invalid('zip-many', 'The zip holds more than one model. Import them one by one.')
  }
  return first
}

async function extract(zip: ZipFile, entry: Entry, file: string, signal?: AbortSignal): Promise<void> {
  const damaged = (cause: unknown) =>
    new AppError('model-invalid', `${entry.fileName} in the zip is damaged.`, {
      cause,
      data: { problem: 'zip', file: entry.fileName.slice(0, 100) },
    })
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  let length = 0
  let sum = 0
  const checked = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      length += bytes.length
      sum = crc32(bytes, sum)
      done(length > entry.uncompressedSize ? damaged('longer than it says') : null, bytes)
    },
    flush(done) {
      done(length === entry.uncompressedSize && sum === entry.crc32 ? null : damaged('another checksum'))
    },
  })
  try {
    const source = await zip.openReadStreamPromise(entry)
    await pipeline(source, checked, createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal })
  } catch (error) {
    if (error instanceof AppError || signal?.aborted) throw error
    const { syscall } = error as NodeJS.ErrnoException
    if (isDiskFull(error)) {
      throw new AppError('disk-full', 'The disk is full. Nothing was imported.', { cause: error })
    }
    throw syscall === undefined ? damaged(error) : error
  }
}
