/**
 * Keeps the indexer process at work while there is any, and gone when there is none. A death is survived with
 * back-off; which file killed it is the queue's business (a job taken twice is poison).
 */
import type { ChildHandle, Host } from '../host.ts'
import type { IndexerJobs, IndexerProgress } from '../indexer.ts'
import { connectChild } from '../processes/child.ts'
import type { Client } from '../threads/rpc.ts'
import { AppError } from '../../shared/errors.ts'

const idleMs = 15_000
const maxDeathsInARow = 8

export interface Indexing {
  /** There may be work: look. */
  wake(): void
  /** Stops what runs and looks again; for a pause, a cancel, a new target. */
  interrupt(): void
  /** Resolves when nothing is left to do, or nothing can be done. Rejects when the indexer keeps dying. */
  idle(): Promise<void>
  readonly working: boolean
  /** Runs one job in the indexer process, after what it is doing was interrupted. */
  exclusively<T>(run: (client: Client<IndexerJobs>) => Promise<T>): Promise<T>
  /** The process at work, for tests that kill it. */
  readonly pid: number | undefined
  close(): Promise<void>
}

export function createIndexing(options: {
  host: Host
  libraryDir: string
  /** Of the program; kept with the canary. */
  version: string
  onProgress(progress: IndexerProgress): void
  /** It died by itself, at work; the next one is started when this has ended. */
  onDeath?(): Promise<void>
  onIdle(error: AppError | null): void
}): Indexing {
  const { host, libraryDir } = options
  let child: ChildHandle | null = null
  let client: Client<IndexerJobs> | null = null
  let closed = false
  let again = false
  let deaths = 0
  let abort = new AbortController()
  let running: Promise<void> | null = null
  let failure: AppError | null = null
  let idleTimer: NodeJS.Timeout | null = null
  /** Exclusive jobs wait in line here. */
  let line: Promise<unknown> = Promise.resolve()

  async function connected(): Promise<Client<IndexerJobs>> {
    if (client) return client
    const started = await host.spawnProcess('indexer', { lowPriority: true })
    const mine = connectChild<IndexerJobs>(started, 'indexer')
    child = started
    client = mine
    started.onExit(() => {
      if (client === mine) {
        client = null
        child = null
      }
    })
    await mine.call.open({ libraryDir, version: options.version })
    return mine
  }

  function stopChild(): void {
    child?.kill()
    child = null
    client = null
  }

  async function work(): Promise<void> {
    while (again && !closed) {
      again = false
      abort = new AbortController()
      try {
        const { call } = await connected()
        await call.work(
          {},
          { signal: abort.signal, onProgress: (value) => progressed(value as IndexerProgress) },
        )
        deaths = 0
        failure = null
      } catch (error) {
        if (closed) return
        if (error instanceof AppError && error.code === 'cancelled') continue
        failure =
          error instanceof AppError ? error : new AppError('internal', String(error), { cause: error })
        const died = client === null
        stopChild()
        if (died) await options.onDeath?.()
        deaths++
        if (deaths > maxDeathsInARow) return
        again = true
        await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 200 * 2 ** deaths)))
      }
    }
  }

  function progressed(progress: IndexerProgress): void {
    deaths = 0
    options.onProgress(progress)
  }

  function wake(): void {
    if (closed) return
    again = true
    if (idleTimer) clearTimeout(idleTimer)
    running ??= line
      .then(work)
      .catch((error: unknown) => {
        failure =
          error instanceof AppError ? error : new AppError('internal', String(error), { cause: error })
      })
      .finally(() => {
        running = null
        if (closed) return
        options.onIdle(deaths > maxDeathsInARow ? failure : null)
        if (again && deaths <= maxDeathsInARow) return wake()
        idleTimer = setTimeout(stopChild, idleMs)
        idleTimer.unref()
      })
  }

  return {
    wake() {
      if (deaths > maxDeathsInARow) deaths = 0
      wake()
    },
    interrupt() {
      again = true
      abort.abort()
      wake()
    },
    async idle() {
      while (running) await running
      if (failure && deaths > maxDeathsInARow) throw failure
    },
    get working() {
      return running !== null
    },
    get pid() {
      return child?.pid
    },
    async exclusively(run) {
      const turn = line.then(async () => {
        abort.abort()
        again = false
        await running?.catch(() => {})
        if (idleTimer) clearTimeout(idleTimer)
        return run(await connected())
      })
      line = turn.catch(() => {})
      try {
        return await turn
      } finally {
        wake()
      }
    },
    async close() {
      closed = true
      if (idleTimer) clearTimeout(idleTimer)
      abort.abort()
      const ending = child
      stopChild()
      if (ending) await running?.catch(() => {})
    },
  }
}
