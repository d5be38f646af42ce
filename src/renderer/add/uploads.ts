/** What is being sent to the library: three at a time, each with its progress, all of them stoppable. */
import type { Client, Uploaded } from '../client.ts'
import { asAppError } from '../client.ts'
import type { AppError } from '../../shared/errors.ts'
import type { Collected } from './collect.ts'

export interface UploadItem {
  id: number
  name: string
  sizeBytes: number
  sentBytes: number
  state: 'waiting' | 'sending' | 'added' | 'unchanged' | 'failed' | 'cancelled'
  error: AppError | null
}

export interface Uploads {
  /** Resolves with what was taken, when all of it is done. Portions still to come are dropped by `cancel`. */
  add(portions: AsyncIterable<Collected[]> | Iterable<Collected[]>): Promise<Uploaded[]>
  cancel(): void
  clear(): void
  /** For useSyncExternalStore. */
  subscribe(listener: () => void): () => void
  snapshot(): readonly UploadItem[]
}

const parallel = 3
const tellEveryMs = 100

export function createUploads(upload: Client['upload']): Uploads {
  const all = new Map<number, UploadItem>()
  let shown: readonly UploadItem[] = []
  let controller = new AbortController()
  let nextId = 1
  const listeners = new Set<() => void>()
  const queue: (() => Promise<void>)[] = []
  let running = 0
  let rounds = 0

  let timer: ReturnType<typeof setTimeout> | null = null

  // Thousands of files report their progress; the window hears of it ten times a second.
  const tell = () => {
    timer ??= setTimeout(() => {
      timer = null
      shown = [...all.values()]
      for (const listener of listeners) listener()
    }, tellEveryMs)
  }

  const change = (id: number, patch: Partial<UploadItem>) => {
    const item = all.get(id)
    if (item) all.set(id, { ...item, ...patch })
    tell()
  }

  const forget = (isDone: (item: UploadItem) => boolean) => {
    for (const item of all.values()) if (isDone(item)) all.delete(item.id)
    tell()
  }

  const pump = () => {
    while (running < parallel && queue.length > 0) {
      running++
      void queue.shift()!().finally(() => {
        running--
        pump()
      })
    }
  }

  function enqueue({ name, file }: Collected, signal: AbortSignal): Promise<Uploaded | null> {
    const id = nextId++
    all.set(id, { id, name, sizeBytes: file.size, sentBytes: 0, state: 'waiting', error: null })
    return new Promise((resolve) => {
      queue.push(async () => {
        if (signal.aborted) {
          change(id, { state: 'cancelled' })
          return resolve(null)
        }
        change(id, { state: 'sending' })
        try {
          const answer = await upload({
            name,
            file,
            lastModified: file.lastModified,
            signal,
            onProgress: (sentBytes) => change(id, { sentBytes }),
          })
          change(id, { state: answer.unchanged ? 'unchanged' : 'added', sentBytes: file.size })
          resolve(answer)
        } catch (cause) {
          const error = asAppError(cause)
          change(id, error.code === 'cancelled' ? { state: 'cancelled' } : { state: 'failed', error })
          resolve(null)
        }
      })
    })
  }

  return {
    async add(portions) {
      if (controller.signal.aborted) controller = new AbortController()
      const { signal } = controller
      // A new round: what went well in the last one is old news.
      if (rounds === 0) forget((item) => item.state !== 'failed')
      rounds++
      const work: Promise<Uploaded | null>[] = []
      try {
        for await (const files of portions) {
          if (signal.aborted) break
          for (const file of files) work.push(enqueue(file, signal))
          tell()
          pump()
        }
        return (await Promise.all(work)).filter((answer) => answer !== null)
      } finally {
        rounds--
      }
    },
    cancel: () => controller.abort(),
    clear: () => forget((item) => item.state !== 'waiting' && item.state !== 'sending'),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    snapshot: () => shown,
  }
}
