/** One run at a time, the urgent ones first: a query waits for at most one slice of documents. */
import { AppError } from '../../shared/errors.ts'

export interface Lane {
  /** Rejects with 'cancelled' when `signal` aborts before the turn comes; what has begun is finished. */
  run<T>(urgent: boolean, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export function createLane(): Lane {
  const waiting: { urgent: boolean; start: () => Promise<void> }[] = []
  let busy = false

  async function drain(): Promise<void> {
    busy = true
    while (waiting.length > 0) {
      // Lets the messages in that came while the thread was blocked; among them may be a query or an abort.
      await new Promise((resolve) => setImmediate(resolve))
      const urgent = waiting.findIndex((one) => one.urgent)
      const [next] = waiting.splice(Math.max(urgent, 0), 1)
      await next!.start()
    }
    busy = false
  }

  return {
    run(urgent, signal, work) {
      return new Promise((resolve, reject) => {
        waiting.push({
          urgent,
          start: async () => {
            try {
              if (signal.aborted) throw new AppError('cancelled', 'cancelled')
              resolve(await work())
            } catch (error) {
              reject(error as Error)
            }
          },
        })
        if (!busy) void drain()
      })
    },
  }
}
