/** What happened, for whoever listens: status is computed when somebody does, at most three times a second. */
import type { EngineEvent, Status } from '../../shared/status.ts'

const statusIntervalMs = 330

export interface Events {
  emit(event: EngineEvent): void
  /** The numbers changed; a status follows soon. */
  statusChanged(): void
  /** Starts with a status; ends when `signal` aborts. */
  subscribe(signal: AbortSignal): AsyncGenerator<EngineEvent>
  close(): void
}

export function createEvents(status: () => Promise<Status>): Events {
  const listeners = new Set<(event: EngineEvent | null) => void>()
  let timer: NodeJS.Timeout | null = null
  let closed = false

  function emit(event: EngineEvent): void {
    for (const listener of listeners) listener(event)
  }

  function statusChanged(): void {
    if (timer || closed || listeners.size === 0) return
    timer = setTimeout(async () => {
      try {
        const now = await status()
        if (!closed) emit({ type: 'status', status: now })
      } catch {
        // The engine is closing, or its thread is being replaced: the next change asks again.
      } finally {
        timer = null
      }
    }, statusIntervalMs)
  }

  return {
    emit,
    statusChanged,
    async *subscribe(signal) {
      const queue: (EngineEvent | null)[] = []
      let wake: (() => void) | null = null
      const listener = (event: EngineEvent | null) => {
        queue.push(event)
        wake?.()
      }
      const abort = () => listener(null)
      listeners.add(listener)
      signal.addEventListener('abort', abort, { once: true })
      try {
        if (signal.aborted || closed) return
        yield { type: 'status', status: await status() }
        while (true) {
          while (queue.length > 0) {
            const event = queue.shift()!
            if (event === null) return
            yield event
          }
          await new Promise<void>((resolve) => (wake = resolve))
          wake = null
        }
      } finally {
        listeners.delete(listener)
        signal.removeEventListener('abort', abort)
      }
    },
    close() {
      closed = true
      if (timer) clearTimeout(timer)
      for (const listener of listeners) listener(null)
    },
  }
}
