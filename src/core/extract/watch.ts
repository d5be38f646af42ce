/**
 * The watch over extraction [EX3]: a thread of its own, so that it runs while the main thread hangs in a regular
 * expression or a decoder. When the file in hand makes no progress for too long, or the process has grown too large,
 * it writes down why and kills the process. There is nothing gentler: the main thread does not listen.
 */
import { Worker } from 'node:worker_threads'

export interface WatchOptions {
  /** Longest time without progress, and a tenth of the longest time a file may take in all. */
  timeoutMs: number
  /** Resident memory of the whole process; `resourceLimits` of a worker would ignore ArrayBuffers. */
  memoryBytes: number
  /** Where the last words go. A file, because the channel to the parent belongs to the main thread. */
  lastWordsPath: string
}

export interface LastWords {
  id: number
  code: 'timeout' | 'out-of-memory'
  rssBytes: number
  elapsedMs: number
}

export interface Watch {
  begin(id: number): void
  progress(): void
  end(): void
}

export const totalTimeFactor = 10

/** Slots shared with the thread. */
const slot = { id: 0, startedAt: 1, progressAt: 2 } as const

export function startWatch(options: WatchOptions): Watch {
  const shared = new Float64Array(new SharedArrayBuffer(3 * Float64Array.BYTES_PER_ELEMENT))
  // The source travels as text: a bundle has no file for it, and a data address is not allowed everywhere.
  const worker = new Worker(`(${watchThread.toString()})(require)`, {
    eval: true,
    workerData: { shared, slot, totalTimeFactor, ...options },
  })
  worker.unref()
  return {
    begin(id) {
      const now = Date.now()
      shared[slot.startedAt] = now
      shared[slot.progressAt] = now
      shared[slot.id] = id
    },
    progress() {
      shared[slot.progressAt] = Date.now()
    },
    end() {
      shared[slot.id] = 0
    },
  }
}

/** Runs in the thread from its own source text: it may use nothing from outside but `load`, which is require. */
function watchThread(load: NodeJS.Require): void {
  const { workerData } = load('node:worker_threads')
  const { writeFileSync, renameSync } = load('node:fs')
  const { shared, slot, totalTimeFactor, timeoutMs, memoryBytes, lastWordsPath } = workerData
  setInterval(
    () => {
      const id = shared[slot.id]
      if (id === 0) return
      const now = Date.now()
      const rssBytes = process.memoryUsage.rss()
      const slow =
        now - shared[slot.progressAt] > timeoutMs ||
        now - shared[slot.startedAt] > timeoutMs * totalTimeFactor
      const code = rssBytes > memoryBytes ? 'out-of-memory' : slow ? 'timeout' : null
      // The file may have ended while this looked.
      if (code === null || shared[slot.id] !== id) return
      try {
        const words = { id, code, rssBytes, elapsedMs: now - shared[slot.startedAt] }
        writeFileSync(`${lastWordsPath}.part`, JSON.stringify(words))
        renameSync(`${lastWordsPath}.part`, lastWordsPath)
      } catch {
        // A full disk must not keep the process alive.
      }
      process.kill(process.pid, 'SIGKILL')
    },
    Math.max(10, Math.min(100, timeoutMs / 4)),
  )
}
