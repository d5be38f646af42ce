/**
 * Extraction in a process of its own [EX3]. When the process dies, the file in hand gets the reason and a new
 * process goes on with the others: a hang costs that file only.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DocumentKind, Reason } from '../../shared/document.ts'
import { AppError } from '../../shared/errors.ts'
import type { ChildHandle, Host } from '../host.ts'
import type { FromExtractor, ToExtractor } from './protocol.ts'
import type { ExtractResult } from './types.ts'
import { totalTimeFactor, type LastWords } from './watch.ts'

export interface ExtractorOptions {
  host: Host
  /** Longest time a file may take without progress (a page, a piece); ten times that in all. */
  timeoutMs?: number
  /** Resident memory the process may reach. */
  memoryBytes?: number
}

export interface Extractor {
  /** Never rejects for what is wrong with a file. 'cancelled' when `signal` aborts before it began, 'unavailable' after close. */
  extract(path: string, kindHint?: DocumentKind, signal?: AbortSignal): Promise<ExtractResult>
  close(): Promise<void>
}

interface Waiting {
  id: number
  path: string
  kindHint: DocumentKind | undefined
  /** Deaths seen while this was first in line without having begun, or began in a process grown large by others. */
  strikes: number
  resolve(result: ExtractResult): void
  reject(error: Error): void
}

interface Running {
  child: ChildHandle
  ready: boolean
  /** Asked for, oldest first; the process works in this order. */
  sent: Waiting[]
  beganId: number | null
  began: number
  finished: number
  recycle: boolean
  /** Set when the client itself gave up on it. */
  killedFor: 'timeout' | null
}

/** Enough that the process never waits for its next file. */
const inFlight = 4
const startAttempts = 3

export function createExtractor({
  host,
  timeoutMs = 60_000,
  memoryBytes = 2_000_000_000,
}: ExtractorOptions): Extractor {
  const queue: Waiting[] = []
  let nextId = 1
  let closed = false
  let running: Running | null = null
  let starting = false
  let failedStarts = 0
  let folder: Promise<string> | null = null
  let overdue: NodeJS.Timeout | undefined

  async function start(): Promise<void> {
    if (starting || running || closed) return
    starting = true
    try {
      folder ??= mkdtemp(join(tmpdir(), 'manifold-extractor-'))
      const lastWordsPath = join(await folder, 'last-words.json')
      await rm(lastWordsPath, { force: true })
      const child = await host.spawnProcess('extractor', { lowPriority: true })
      const mine: Running = {
        child,
        ready: false,
        sent: [],
        beganId: null,
        began: 0,
        finished: 0,
        recycle: false,
        killedFor: null,
      }
      child.onMessage((message) => received(mine, message as FromExtractor))
      child.onExit((code) => void died(mine, code, lastWordsPath))
      if (closed) return child.kill()
      running = mine
      send(mine, {
        type: 'start',
        resources: { pdf: host.resources.pdf },
        watch: { timeoutMs, memoryBytes, lastWordsPath },
      })
    } catch (error) {
      startFailed(error)
    } finally {
      starting = false
    }
    fill()
  }

  const send = ({ child }: Running, message: ToExtractor) => child.send(message)

  function startFailed(cause: unknown): void {
    failedStarts++
    if (failedStarts < startAttempts) {
      setTimeout(() => void start(), 200 * failedStarts)
      return
    }
    const error = new AppError('unavailable', 'the process that reads files does not start', { cause })
    for (const waiting of queue.splice(0)) waiting.reject(error)
    failedStarts = 0
  }

  /** Hands the process its next files. */
  function fill(): void {
    if (closed) return
    if (!running) {
      if (queue.length > 0) void start()
      return
    }
    if (!running.ready) return
    if (running.recycle) {
      if (running.sent.length === 0) running.child.kill()
      return
    }
    while (running.sent.length < inFlight) {
      const waiting = queue.shift()
      if (!waiting) return
      running.sent.push(waiting)
      send(running, { type: 'extract', id: waiting.id, path: waiting.path, kindHint: waiting.kindHint })
    }
  }

  /** Unwanted before it was handed over; what the process has already it finishes. */
  function forget(waiting: Waiting): void {
    const at = queue.indexOf(waiting)
    if (at < 0) return
    queue.splice(at, 1)
    waiting.reject(new AppError('cancelled', 'cancelled before it was read'))
  }

  function received(mine: Running, message: FromExtractor): void {
    if (message.type === 'ready') {
      mine.ready = true
      failedStarts = 0
    }
    if (message.type === 'began') {
      mine.beganId = message.id
      mine.began++
      watchOverdue(mine)
    }
    if (message.type === 'done') {
      const at = mine.sent.findIndex((waiting) => waiting.id === message.id)
      mine.beganId = null
      mine.finished++
      clearTimeout(overdue)
      if (at >= 0) mine.sent.splice(at, 1)[0]!.resolve(message.result)
      // What files leave behind adds up, and the next one must not be blamed for it.
      mine.recycle ||= message.rssBytes > memoryBytes / 2
    }
    fill()
  }

  /** In case even the watch thread does not get to run. */
  function watchOverdue(mine: Running): void {
    clearTimeout(overdue)
    overdue = setTimeout(
      () => {
        mine.killedFor = 'timeout'
        mine.child.kill()
      },
      timeoutMs * totalTimeFactor + 10_000,
    )
    overdue.unref()
  }

  async function died(mine: Running, code: number | null, lastWordsPath: string): Promise<void> {
    clearTimeout(overdue)
    const words = await lastWordsOf(lastWordsPath)
    if (running === mine) running = null
    if (closed) return
    const retry: Waiting[] = []
    const reason = reasonOf(words, mine, code)
    for (const waiting of mine.sent) {
      if (waiting.id !== (words?.id ?? mine.beganId)) {
        // Never begun. Should its mere arrival kill the process twice, it is to blame after all.
        if (waiting === mine.sent[0] && mine.beganId === null && mine.ready && ++waiting.strikes > 2) {
          waiting.resolve({ ok: false, reason })
        } else retry.push(waiting)
      } else if (reason.code === 'out-of-memory' && mine.began > 1 && waiting.strikes++ === 0) {
        // Others grew the process before it: it gets a fresh one to itself first.
        retry.push(waiting)
      } else waiting.resolve({ ok: false, reason })
    }
    queue.unshift(...retry)
    if (!mine.ready) startFailed(new Error(`ended with code ${code} before it was ready`))
    else fill()
  }

  function reasonOf(words: LastWords | null, mine: Running, code: number | null): Reason {
    if (words) {
      return words.code === 'timeout'
        ? { code: 'timeout', data: { seconds: Math.round(words.elapsedMs / 1000) } }
        : { code: 'out-of-memory', data: { sizeBytes: words.rssBytes, limitBytes: memoryBytes } }
    }
    if (mine.killedFor) return { code: mine.killedFor, data: {} }
    return { code: 'crashed', data: code === null ? {} : { detail: `exit code ${code}` } }
  }

  return {
    extract(path, kindHint, signal) {
      if (closed) return Promise.reject(new AppError('unavailable', 'the extractor is closed'))
      if (signal?.aborted) return Promise.reject(new AppError('cancelled', 'cancelled'))
      return new Promise((resolve, reject) => {
        const waiting: Waiting = { id: nextId++, path, kindHint, strikes: 0, resolve, reject }
        queue.push(waiting)
        signal?.addEventListener('abort', () => forget(waiting), { once: true })
        fill()
      })
    },
    async close() {
      if (closed) return
      closed = true
      clearTimeout(overdue)
      const error = new AppError('unavailable', 'the extractor is closed')
      for (const waiting of [...(running?.sent ?? []), ...queue.splice(0)]) waiting.reject(error)
      running?.child.kill()
      if (folder) await rm(await folder, { recursive: true, force: true })
    },
  }
}

async function lastWordsOf(path: string): Promise<LastWords | null> {
  try {
    const words = JSON.parse(await readFile(path, 'utf8')) as LastWords
    await rm(path, { force: true })
    return words
  } catch {
    return null
  }
}
