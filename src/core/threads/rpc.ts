/**
 * Calls over a message port: a closed map of jobs on one side, a typed proxy on the other. The caller imports only
 * the map's type. Results are structured-cloned; buffers named by `transfer` move instead. A dead peer rejects
 * every open call with 'unavailable'. Works the same over worker threads and child processes.
 */
import { AppError, fromErrorShape, toErrorShape, type ErrorShape } from '../../shared/errors.ts'

export interface Port {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void
  onMessage(listener: (message: unknown) => void): void
}

export interface JobContext {
  /** Aborted when the caller gives up; a job looks at it between steps. */
  signal: AbortSignal
  /** Streams a value to the caller's `onProgress` before the result. */
  progress(value: unknown): void
}

// `any` is what lets every job have its own argument
export type Jobs = Record<string, (argument: any, context: JobContext) => unknown>

export interface CallOptions {
  signal?: AbortSignal | undefined
  onProgress?: (value: unknown) => void
  transfer?: readonly ArrayBuffer[]
}

export type Remote<J extends Jobs> = {
  [K in keyof J]: (argument: Parameters<J[K]>[0], options?: CallOptions) => Promise<Awaited<ReturnType<J[K]>>>
}

type Message =
  | { rpc: 'call'; id: number; job: string; argument: unknown }
  | { rpc: 'abort'; id: number }
  | { rpc: 'progress'; id: number; value: unknown }
  | { rpc: 'result'; id: number; value: unknown }
  | { rpc: 'error'; id: number; error: ErrorShape }

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'rpc' in value && 'id' in value

/** Marks a result whose buffers move to the caller instead of being copied. */
export class Transfer<T> {
  readonly value: T
  readonly buffers: readonly ArrayBuffer[]
  constructor(value: T, buffers: readonly ArrayBuffer[]) {
    this.value = value
    this.buffers = buffers
  }
}

/**
 * Serves jobs on a port. Each call runs as it arrives; a job that must not overlap says so itself. The jobs are made
 * at the first call, and again if making them failed: so a failure to open reaches the caller with its code.
 */
export function serve(port: Port, makeJobs: () => Jobs): void {
  let jobs: Jobs | null = null
  const running = new Map<number, AbortController>()
  port.onMessage((message) => {
    if (!isMessage(message)) return
    if (message.rpc === 'abort') running.get(message.id)?.abort()
    if (message.rpc === 'call') void run(message)
  })

  async function run(call: Extract<Message, { rpc: 'call' }>): Promise<void> {
    const controller = new AbortController()
    running.set(call.id, controller)
    try {
      jobs ??= makeJobs()
      const job = Object.hasOwn(jobs, call.job) ? jobs[call.job] : undefined
      if (!job) throw new AppError('internal', `no job named ${call.job}`)
      const value = await job(call.argument, {
        signal: controller.signal,
        progress: (progress) => port.postMessage({ rpc: 'progress', id: call.id, value: progress }),
      })
      if (value instanceof Transfer)
        port.postMessage({ rpc: 'result', id: call.id, value: value.value }, value.buffers)
      else port.postMessage({ rpc: 'result', id: call.id, value })
    } catch (error) {
      port.postMessage({ rpc: 'error', id: call.id, error: toErrorShape(error) })
    } finally {
      running.delete(call.id)
    }
  }
}

export interface Client<J extends Jobs> {
  readonly call: Remote<J>
  /** Rejects every open call, and every later one, with this error. */
  fail(error: AppError): void
  /** Calls waiting for an answer. */
  readonly open: number
}

export function connect<J extends Jobs>(port: Port): Client<J> {
  let nextId = 1
  let failure: AppError | null = null
  const open = new Map<
    number,
    {
      resolve(value: unknown): void
      reject(error: Error): void
      onProgress: ((value: unknown) => void) | undefined
    }
  >()

  port.onMessage((message) => {
    if (!isMessage(message)) return
    const call = open.get(message.id)
    if (!call) return
    if (message.rpc === 'progress') call.onProgress?.(message.value)
    if (message.rpc === 'result') {
      open.delete(message.id)
      call.resolve(message.value)
    }
    if (message.rpc === 'error') {
      open.delete(message.id)
      call.reject(fromErrorShape(message.error))
    }
  })

  function invoke(job: string, argument: unknown, options: CallOptions = {}): Promise<unknown> {
    const { signal } = options
    if (failure) return Promise.reject(failure)
    if (signal?.aborted) return Promise.reject(new AppError('cancelled', 'cancelled'))
    const id = nextId++
    return new Promise((resolve, reject) => {
      const abort = () => port.postMessage({ rpc: 'abort', id })
      signal?.addEventListener('abort', abort, { once: true })
      const settled = () => signal?.removeEventListener('abort', abort)
      open.set(id, {
        resolve: (value) => (settled(), resolve(value)),
        reject: (error) => (settled(), reject(error)),
        onProgress: options.onProgress,
      })
      port.postMessage({ rpc: 'call', id, job, argument }, options.transfer)
    })
  }

  const call = new Proxy({} as Remote<J>, {
    get: (_target, job) =>
      typeof job === 'string' && job !== 'then'
        ? (argument: unknown, options?: CallOptions) => invoke(job, argument, options)
        : undefined,
  })

  return {
    call,
    fail(error) {
      failure = error
      for (const waiting of open.values()) waiting.reject(error)
      open.clear()
    },
    get open() {
      return open.size
    },
  }
}
