/** A worker thread with typed jobs. When it dies its calls reject and, unless closed, a new one takes its place. */
import { parentPort, workerData, type Worker } from 'node:worker_threads'
import { AppError } from '../../shared/errors.ts'
import type { Host, ThreadRole } from '../host.ts'
import { connect, serve, type CallOptions, type Client, type Jobs, type Port, type Remote } from './rpc.ts'

export interface Thread<J extends Jobs> {
  readonly call: Remote<J>
  readonly open: number
  close(): Promise<void>
}

const portOf = (worker: Worker): Port => ({
  postMessage: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[] | undefined),
  onMessage: (listener) => void worker.on('message', listener),
})

/** `onRestart` runs after a dead thread was replaced; what the thread had been told must be told again there. */
export function startThread<J extends Jobs>(
  host: Host,
  role: ThreadRole,
  data: unknown,
  onRestart?: (error: Error) => void,
): Thread<J> {
  let closed = false
  let worker: Worker
  let client: Client<J>
  /** Deaths right after a start: a thread that cannot live is not started again without pause. */
  let earlyDeaths = 0

  function start(): void {
    const startedAt = performance.now()
    const mine = host.spawnThread(role, data)
    worker = mine
    client = connect<J>(portOf(mine))
    const mineClient = client
    let reason: Error | null = null
    mine.on('error', (error) => (reason = error))
    mine.on('exit', (code) => {
      mineClient.fail(
        new AppError('unavailable', `the ${role} thread ended (${reason?.message ?? `code ${code}`})`, {
          cause: reason,
        }),
      )
      if (closed || worker !== mine) return
      earlyDeaths = performance.now() - startedAt < 2_000 ? earlyDeaths + 1 : 0
      const restart = () => {
        if (closed) return
        start()
        onRestart?.(reason ?? new Error(`code ${code}`))
      }
      if (earlyDeaths < 2) restart()
      else setTimeout(restart, Math.min(30_000, 100 * 2 ** earlyDeaths)).unref()
    })
  }
  start()

  return {
    call: new Proxy({} as Remote<J>, {
      get: (_target, job) =>
        typeof job === 'string' && job !== 'then'
          ? (argument: never, options?: CallOptions) => client.call[job as keyof J]!(argument, options)
          : undefined,
    }),
    get open() {
      return client.open
    },
    async close() {
      closed = true
      await worker.terminate()
    },
  }
}

/** Inside a thread's entry file. */
export function serveThread<D>(make: (data: D) => Jobs): void {
  const port = parentPort
  if (!port) throw new AppError('internal', 'not a worker thread')
  serve(
    {
      postMessage: (message, transfer) => port.postMessage(message, transfer as ArrayBuffer[] | undefined),
      onMessage: (listener) => void port.on('message', listener),
    },
    () => make(workerData as D),
  )
}
