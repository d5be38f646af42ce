/**
 * The engine this window talks to: the one that already has the library open (`manifold serve`), else a utility
 * process started here and restarted with back-off when it dies. A library it refuses to open is not tried again.
 */
import { utilityProcess, type UtilityProcess } from 'electron'
import { setTimeout as sleep } from 'node:timers/promises'
import { createEngineClient, findEngine, newWindowToken, type EngineClient } from '../server/client.ts'
import { entryOf } from '../core/package-layout.ts'
import type { EngineAddress } from '../server/runtime.ts'
import { AppError, fromErrorShape } from '../shared/errors.ts'
import type { FromEngine, ToEngine } from './engine-messages.ts'
import { serveSpawnRequests } from './utility-children.ts'

export interface EngineConnection {
  address: EngineAddress
  /** For the window; the private token stays in this process. */
  windowToken: string
  client: EngineClient
}

export interface EngineLink {
  /** Waits while the engine starts. Rejects when it was refused, or does not come back in time. */
  ready(): Promise<EngineConnection>
  /** Asks the engine to finish what it is writing, and waits a few seconds. */
  close(): Promise<void>
}

const firstDelayMs = 250
const longestDelayMs = 30_000
/** After so long alive, a death counts as the first again. */
const healthyMs = 60_000
const readyTimeoutMs = 20_000
const closeTimeoutMs = 5_000

const refusals = new Set(['library-newer', 'library-remote', 'library-damaged', 'forbidden', 'disk-full'])

export function startEngine(options: { libraryDir: string; onRefused(error: AppError): void }): EngineLink {
  const { libraryDir } = options
  let child: UtilityProcess | null = null
  let closed = false
  let connected = false
  let connection = newConnection()
  void run()

  async function run(): Promise<void> {
    let delayMs = firstDelayMs
    while (!closed) {
      const startedAt = Date.now()
      const running = await findEngine(libraryDir)
      const error = running ? await useRunning(running) : await runOwn()
      if (closed) return
      if (error && refusals.has(error.code)) {
        connection.reject(error)
        options.onRefused(error)
        return
      }
      // A command that has the library for a moment is nothing to back off from.
      if (Date.now() - startedAt > healthyMs || error?.code === 'library-locked') delayMs = firstDelayMs
      await sleep(delayMs)
      delayMs = Math.min(longestDelayMs, delayMs * 2)
    }
  }

  /** Resolves when the engine's process has ended, with the reason where it gave one. */
  function runOwn(): Promise<AppError | null> {
    return new Promise((resolve) => {
      const mine = utilityProcess.fork(entryOf('processes', 'engine'), [], { serviceName: 'Manifold engine' })
      child = mine
      let reason: AppError | null = null
      const children = serveSpawnRequests(mine)
      mine.on('message', (message: FromEngine) => {
        // An engine that does not answer is no better than none.
        if (message.manifold === 'ready') connect(message.address).catch(() => mine.kill())
        if (message.manifold === 'refused') reason = fromErrorShape(message.error)
      })
      mine.on('exit', () => {
        children.close()
        child = null
        reset()
        resolve(reason)
      })
      mine.postMessage({ manifold: 'start', libraryDir } satisfies ToEngine)
    })
  }

  /** Somebody else's engine: used until it no longer answers. */
  async function useRunning(address: EngineAddress): Promise<AppError | null> {
    try {
      const { client } = await connect(address)
      for await (const _ of await client.system.events()) if (closed) break
    } catch {
      // Gone; the next round looks for another or starts one.
    }
    reset()
    return null
  }

  async function connect(address: EngineAddress): Promise<EngineConnection> {
    const windowToken = await newWindowToken(address)
    const made = { address, windowToken, client: createEngineClient(address) }
    connected = true
    connection.resolve(made)
    return made
  }

  /** Those who ask from now on wait for the next engine. */
  function reset(): void {
    if (!connected) return
    connected = false
    connection = newConnection()
  }

  return {
    async ready() {
      const { promise } = connection
      const waited = await Promise.race([promise, sleep(readyTimeoutMs, null, { ref: false })])
      if (!waited) throw new AppError('unavailable', 'The engine has stopped and is being started again.')
      return waited
    },
    async close() {
      closed = true
      const mine = child
      if (!mine) return
      const ended = new Promise<void>((resolve) => mine.once('exit', () => resolve()))
      mine.postMessage({ manifold: 'stop' } satisfies ToEngine)
      await Promise.race([ended, sleep(closeTimeoutMs)])
      mine.kill()
    },
  }
}

/** A refusal that nobody waits for is told by `onRefused` alone. */
function newConnection(): PromiseWithResolvers<EngineConnection> {
  const connection = Promise.withResolvers<EngineConnection>()
  connection.promise.catch(() => {})
  return connection
}
