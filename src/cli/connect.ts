/**
 * The engine a command talks to: the one that has the library open, or else one of its own for as long as the command
 * runs. Either way through the contract, so both answer alike.
 */
import { createRouterClient } from '@orpc/server'
import { createEngine } from '../core/engine.ts'
import { createNodeHost } from '../core/node-host.ts'
import { packageVersion } from '../core/package-layout.ts'
import { createEngineClient, findEngine, type EngineClient } from '../server/client.ts'
import { createRouter } from '../server/router.ts'
import { fromWireError } from '../server/wire-errors.ts'
import { AppError } from '../shared/errors.ts'

export interface Connection {
  readonly client: EngineClient
  /** Whether an engine that runs anyway answers; work it has begun goes on after the command. */
  readonly running: boolean
  /** Waits until there is nothing left to read or build. */
  idle(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Another command may be just starting or leaving; the lock is tried again for so long. */
const lockWaitMs = 10_000
const pollMs = 250

export async function connect(libraryDir: string): Promise<Connection> {
  const deadline = Date.now() + lockWaitMs
  while (true) {
    const address = await findEngine(libraryDir)
    if (address) {
      const client = createEngineClient(address)
      return { client, running: true, idle: (signal) => untilIdle(client, signal), close: async () => {} }
    }
    try {
      return await own(libraryDir)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'library-locked' || Date.now() > deadline)
        throw error
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }
}

async function own(libraryDir: string): Promise<Connection> {
  const engine = await createEngine({
    host: createNodeHost(),
    libraryDir,
    version: packageVersion(),
    watch: false,
  })
  const router = createRouter({
    engine,
    addressOf: () => Promise.reject(new AppError('unavailable', 'no door is open that could serve it')),
    shutdown: () => void engine.close(),
  })
  const client = createRouterClient(router, {
    context: { door: 'private' },
    interceptors: [
      async ({ next }) => {
        try {
          return await next()
        } catch (error) {
          throw fromWireError(error) ?? error
        }
      },
    ],
  }) as unknown as EngineClient
  return {
    client,
    running: false,
    async idle(signal) {
      await Promise.race([
        engine.idle(),
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new AppError('cancelled', 'stopped')), {
            once: true,
          }),
        ),
      ])
      await untilIdle(client, signal)
    },
    close: () => engine.close(),
  }
}

async function untilIdle(client: EngineClient, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { ingest, reindex, documents } = await client.system.status({})
    const fileWork = ingest !== null && !ingest.paused
    const building = reindex?.state === 'building'
    if (!fileWork && !building && (documents.waiting === 0 || ingest?.paused)) return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  throw new AppError('cancelled', 'stopped')
}
