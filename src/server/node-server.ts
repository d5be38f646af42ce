/**
 * Binds a handler to 127.0.0.1 (the browser door) and to a private socket. A client that goes away aborts its
 * request's signal and cancels the body being sent, so that nothing works for nobody.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chmod } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AppError } from '../shared/errors.ts'
import type { Connection, Handler } from './handler.ts'
import {
  clearAddress,
  makeRuntimeDir,
  newSocketPath,
  runtimeDirOf,
  writeAddress,
  type EngineAddress,
} from './runtime.ts'
import { errorResponse } from './wire-errors.ts'

export interface Listener {
  close(): Promise<void>
}

/** The browser door. `port` 0 takes any free one. */
export async function listenLoopback(handler: Handler, port: number): Promise<Listener & { origin: string }> {
  const server = createHttpServer(handler, { kind: 'loopback' })
  await listen(server, { host: '127.0.0.1', port })
  const { port: taken } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${taken}`, close: () => close(server) }
}

/** The private door of a library's engine; writes engine.json beside the socket. */
export async function listenPrivate(
  handler: Handler,
  options: { libraryDir: string; privateToken: string },
): Promise<Listener & { address: EngineAddress }> {
  const directory = await runtimeDirOf(options.libraryDir)
  await makeRuntimeDir(directory)
  const socket = newSocketPath(directory)
  const server = createHttpServer(handler, { kind: 'socket' })
  await listen(server, { path: socket })
  if (process.platform !== 'win32') await chmod(socket, 0o600)
  const address = { pid: process.pid, socket, privateToken: options.privateToken }
  await writeAddress(directory, address)
  return {
    address,
    async close() {
      await clearAddress(directory, address)
      await close(server)
    },
  }
}

function listen(server: Server, where: { host: string; port: number } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const port = 'port' in where ? where.port : 0
      const message =
        cause.code === 'EADDRINUSE' ? `Port ${port} is taken. Choose another with --port.` : cause.message
      reject(new AppError('conflict', message, { cause, data: { port } }))
    })
    server.listen(where, resolve)
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function createHttpServer(handler: Handler, connection: Connection): Server {
  // A large upload through a slow tunnel may take longer than Node's five minutes a request.
  return createServer({ requestTimeout: 0, headersTimeout: 20_000 }, (incoming, outgoing) => {
    void answer(handler, connection, incoming, outgoing)
  })
}

async function answer(
  handler: Handler,
  connection: Connection,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const controller = new AbortController()
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) controller.abort(new AppError('cancelled', 'the client went away'))
  })
  let response: Response
  try {
    response = await handler.fetch(toRequest(incoming, controller.signal), connection)
  } catch (error) {
    response = errorResponse(error)
  }
  try {
    await send(response, incoming, outgoing, controller.signal)
  } catch (error) {
    // The status line has been sent, so a broken connection is the only way left to say it.
    outgoing.destroy(error as Error)
  }
}

function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const url = URL.parse(`http://${incoming.headers.host ?? ''}${incoming.url ?? '/'}`)
  if (!url || !incoming.url?.startsWith('/')) throw new AppError('bad-request', 'not an address')
  const headers = new Headers()
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!)
  }
  const method = incoming.method ?? 'GET'
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(url, {
    method,
    headers,
    signal,
    ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half' } : {}),
  } as RequestInit)
}

async function send(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const headers = Object.fromEntries(response.headers)
  // A body refused half way is still being sent; this connection cannot be used again.
  const hasBody = Number(incoming.headers['content-length'] ?? 0) > 0 || incoming.headers['transfer-encoding']
  if (!incoming.readableEnded && hasBody) headers.connection = 'close'
  outgoing.writeHead(response.status, headers)
  if (!response.body || incoming.method === 'HEAD') {
    await response.body?.cancel()
    outgoing.end()
    return
  }
  outgoing.flushHeaders()
  const reader = response.body.getReader()
  const cancel = () => void reader.cancel(signal.reason).catch(() => {})
  if (signal.aborted) return cancel()
  signal.addEventListener('abort', cancel, { once: true })
  for (;;) {
    const { done, value } = await reader.read()
    if (done || signal.aborted) break
    if (!outgoing.write(value)) await drained(outgoing)
  }
  if (!signal.aborted) outgoing.end()
}

const drained = (outgoing: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.on('drain', done)
    outgoing.on('close', done)
  })
