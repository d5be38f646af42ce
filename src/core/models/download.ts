/**
 * Brings the files of a plan from a hub into a folder: each is appended to its `.part`, and gets its name when it has the
 * size and hash of the record. Drops are retried and resumed; a cancel or the end of the program leaves the parts for
 * the next time. Everything that is not the file itself is refused.
 */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, isDiskFull } from '../../shared/errors.ts'
import {
  doneBytes,
  filesOf,
  partOf,
  partSuffix,
  sizeOf,
  totalBytes,
  writePlan,
  type DownloadPlan,
  type PlannedFile,
} from './download-plan.ts'
import { unreachable, type Hub } from './hub.ts'
import { externalLocations } from './onnx-file.ts'

export interface DownloadProgress {
  file: string
  doneBytes: number
  totalBytes: number
}

export interface FetchOptions {
  /** Holds the plan, and in a folder of the model's name the files. */
  folder: string
  plan: DownloadPlan
  hub: Hub
  signal: AbortSignal
  onProgress(progress: DownloadProgress): void
  freeBytes?: (folder: string) => Promise<number>
  /** Waits between tries, milliseconds; as many tries more as there are waits. */
  waitsMs?: readonly number[]
  /** Silence after which a connection is given up. */
  stallMs?: number
}

const defaultWaitsMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000]
const maxRetryAfterMs = 60_000
/** After so much progress a connection has earned all its tries again. */
const worthBytes = 1_000_000
/** Left free for everything else. */
export const reserveBytes = 100_000_000

/** Resolves when every wanted file is there and right. Rejects with AppError; 'cancelled' when aborted. */
export async function fetchFiles(options: FetchOptions): Promise<void> {
  const { folder, plan, hub, signal, onProgress } = options
  try {
    await assertSpace(options)
    for (const file of plan.files) {
      if (file.done || !file.wanted) continue
      const before = (await doneBytes(folder, plan)) - (await sizeOf(partOf(folder, plan, file.path)))
      await fetchFile(options, file, (bytes) =>
        onProgress({ file: file.path, doneBytes: before + bytes, totalBytes: totalBytes(plan) }),
      )
      if (file.path === plan.graph) {
        const beside = dirname(plan.graph)
        for (const location of await externalLocations(join(filesOf(folder, plan), plan.graph))) {
          const data = plan.files.find(
            ({ path }) => path === (beside === '.' ? location : `${beside}/${location}`),
          )
          if (data) data.wanted = true
        }
        await assertSpace(options)
      }
      await writePlan(folder, plan)
    }
  } catch (error) {
    if (signal.aborted) throw new AppError('cancelled', 'The download was stopped.', { cause: error })
    if (error instanceof AppError) throw error
    if (isDiskFull(error)) {
      throw new AppError('disk-full', 'The disk is full. What has come is kept; make room and go on.', {
        cause: error,
      })
    }
    throw unreachable(hub.host, error)
  }
}

async function assertSpace({ folder, plan, freeBytes = freeBytesOf }: FetchOptions): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const missing = totalBytes(plan) - (await doneBytes(folder, plan))
  const free = await freeBytes(folder)
  if (missing > 0 && free < missing + reserveBytes) {
    throw new AppError(
      'disk-full',
      `There is not enough room: ${missing} bytes are still to come, and ${free} are free. What has come is kept.`,
      { data: { neededBytes: missing + reserveBytes, freeBytes: free } },
    )
  }
}

export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** Worth another try: the connection, not the answer, was at fault. */
class Dropped extends Error {}

async function fetchFile(
  options: FetchOptions,
  file: PlannedFile,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { folder, plan, hub, signal, waitsMs = defaultWaitsMs } = options
  const part = partOf(folder, plan, file.path)
  await mkdir(dirname(part), { recursive: true, mode: 0o700 })
  for (let tries = 0; ; tries++) {
    const had = await sizeOf(part)
    try {
      const resumed = await appendRest(options, file, part, onBytes)
      const sha256 = await check(part, file)
      if (sha256 !== null) {
        file.sha256 = sha256
        break
      }
      await rm(part, { force: true })
      // Bytes of two different files may have met in the part; from the start there is no such excuse.
      if (!resumed)
        throw wrong('hash', `${file.path} from ${hub.host} is not the file that was announced`, file, hub)
    } catch (error) {
      if (signal.aborted) throw error
      const again =
        error instanceof Dropped ||
        (error instanceof AppError && ['network', 'busy'].includes(String(error.data.problem)))
      if (!again) throw error
      if ((await sizeOf(part)) - had >= worthBytes) tries = 0
      if (tries >= waitsMs.length) {
        if (!(error instanceof Dropped)) throw error
        throw new AppError(
          'unavailable',
          `The connection to ${hub.host} breaks off again and again. What has come is kept; try again later.`,
          { cause: error, data: { problem: 'short', host: hub.host, file: file.path } },
        )
      }
      const asked = error instanceof AppError ? Number(error.data.retryAfterMs ?? 0) : 0
      await sleep(Math.max(waitsMs[tries]!, Math.min(asked, maxRetryAfterMs)), undefined, { signal })
    }
  }
  await rename(part, part.slice(0, -partSuffix.length))
  file.done = true
  file.etag = null
  await writePlan(folder, plan)
}

/** Fetches what the part lacks. True when bytes from an earlier connection were kept. */
async function appendRest(
  { folder, plan, hub, signal, stallMs = 30_000 }: FetchOptions,
  file: PlannedFile,
  part: string,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  let had = await sizeOf(part)
  if (had > file.sizeBytes) {
    await rm(part)
    had = 0
  }
  if (had === file.sizeBytes && had > 0) return true
  const stalled = new AbortController()
  const watch = setTimeout(() => stalled.abort(new Dropped('silence')), stallMs)
  try {
    const etag = file.etag?.host === hub.host ? file.etag.value : null
    const response = await hub.open(
      {
        repository: plan.repository,
        revision: plan.layout === hub.layout ? plan.revision : null,
        path: file.path,
      },
      had === 0 ? {} : { range: `bytes=${had}-`, ...(etag === null ? {} : { 'if-range': etag }) },
      AbortSignal.any([signal, stalled.signal]),
    )
    let offset = 0
    if (response.status === 206) {
      const [, from, total] =
        /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? []
      if (Number(from) !== had || (total !== '*' && Number(total) !== file.sizeBytes)) {
        await discard(response, part)
        throw new Dropped('another range than asked for')
      }
      offset = had
    } else if (response.status !== 200) {
      await discard(response, part)
      throw new Dropped('no such range')
    }
    const validator = response.headers.get('etag')
    file.etag = validator?.startsWith('"') ? { host: hub.host, value: validator } : null
    await writePlan(folder, plan)
    await write(response, file, hub, part, offset, (bytes) => {
      watch.refresh()
      onBytes(bytes)
    })
    return offset > 0
  } catch (error) {
    // A connection that ends early is a TypeError of fetch; what is wrong with the answer itself is an AppError.
    if (error instanceof AppError || error instanceof Dropped || signal.aborted) throw error
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error
    throw new Dropped(String(error), { cause: error })
  } finally {
    clearTimeout(watch)
  }
}

async function discard(response: Response, part: string): Promise<void> {
  await response.body?.cancel().catch(() => {})
  await rm(part, { force: true })
}

async function write(
  response: Response,
  file: PlannedFile,
  hub: Hub,
  part: string,
  offset: number,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const target = await open(part, offset === 0 ? 'w' : 'a', 0o600)
  let at = offset
  try {
    if (response.headers.get('content-type')?.startsWith('text/html')) throw htmlPage(file, hub)
    for await (const bytes of response.body ?? []) {
      if (at === 0) assertFile(bytes, response, file, hub)
      if (at + bytes.length > file.sizeBytes) throw wrongSize(file, hub)
      await target.appendFile(bytes)
      at += bytes.length
      onBytes(at)
    }
    if (at < file.sizeBytes) throw new Dropped('the body ended early')
    await target.sync()
  } catch (error) {
    if (error instanceof AppError) {
      await response.body?.cancel().catch(() => {})
      await rm(part, { force: true })
    }
    throw error
  } finally {
    await target.close()
  }
}

/** Looks at the first bytes: what servers send in place of a file says more than that its size is wrong. */
function assertFile(bytes: Uint8Array, response: Response, file: PlannedFile, hub: Hub): void {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1')
  if (/^\s*<(!doctype html|html)/i.test(start)) throw htmlPage(file, hub)
  if (start.startsWith('version https://git-lfs')) {
    throw wrong(
      'lfs-pointer',
      `${hub.host} gives only a pointer (Git LFS) in place of ${file.path}`,
      file,
      hub,
    )
  }
  const length = response.headers.get('content-length')
  if (length !== null && !response.headers.has('content-encoding') && Number(length) !== file.sizeBytes) {
    throw wrongSize(file, hub)
  }
}

const wrong = (problem: string, message: string, { path }: PlannedFile, { host }: Hub): AppError =>
  new AppError('model-invalid', `${message}. It was not kept; choose another source.`, {
    data: { problem, host, file: path },
  })
const htmlPage = (file: PlannedFile, hub: Hub): AppError =>
  wrong('html-page', `${hub.host} answered with a web page in place of ${file.path}`, file, hub)
const wrongSize = (file: PlannedFile, hub: Hub): AppError =>
  wrong('size', `${file.path} from ${hub.host} does not have the size that was announced`, file, hub)

/** The sha256 of a part that is the planned file; null where it is another. */
async function check(part: string, file: PlannedFile): Promise<string | null> {
  const sha256 = createHash('sha256')
  const hashes: Hash[] = [sha256]
  const blob = file.sha256 === null ? createHash('sha1').update(`blob ${file.sizeBytes}\0`) : null
  if (blob) hashes.push(blob)
  for await (const bytes of createReadStream(part, { highWaterMark: 1 << 20 })) {
    for (const hash of hashes) hash.update(bytes as Buffer)
  }
  const found = sha256.digest('hex')
  const isRight = blob ? blob.digest('hex') === file.blobSha1 : found === file.sha256
  return isRight ? found : null
}
