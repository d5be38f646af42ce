/** A running engine with its doors: always the private socket, the browser door when asked. Closing ends both and the engine. */
import { createHandler } from './handler.ts'
import type { EnginePort } from './engine-port.ts'
import { listenLoopback, listenPrivate } from './node-server.ts'
import type { EngineAddress } from './runtime.ts'
import { newToken } from './secrets.ts'

export interface EngineServerOptions {
  engine: EnginePort
  libraryDir: string
  version: string
  /** null: no built window. */
  rendererDir: string | null
  pdfDir: string
  /** The browser door's port, 0 for any free one. Left out: no browser door. */
  port?: number
  /** `local.shutdown` was called. */
  shutdown(): void
}

export interface EngineServer {
  address: EngineAddress
  /** http://127.0.0.1:<port>, null without a browser door. */
  origin: string | null
  /** An address that signs one window in, once: the code stands in the fragment, which is never sent or logged. */
  newWindowUrl(): string
  close(): Promise<void>
}

export async function serveEngine(options: EngineServerOptions): Promise<EngineServer> {
  const { engine, libraryDir, port } = options
  const privateToken = newToken()
  const handler = createHandler({ ...options, privateToken })
  const door = port === undefined ? null : await listenLoopback(handler, port)
  const socket = await listenPrivate(handler, { libraryDir, privateToken })
  return {
    address: socket.address,
    origin: door?.origin ?? null,
    newWindowUrl: () => `${door?.origin ?? ''}/#code=${handler.newCode()}`,
    async close() {
      await door?.close()
      await socket.close()
      await engine.close()
    },
  }
}
