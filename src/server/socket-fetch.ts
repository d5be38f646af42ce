/**
 * `fetch` over a Unix socket or a Windows pipe, which the built-in one cannot do: streams both ways, and an abort or a
 * cancelled body closes the connection, which is how the engine learns that nobody waits any more.
 */
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../shared/errors.ts'

/** Set by the connection itself. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'host',
  'upgrade',
  'te',
  'trailer',
])

export async function socketFetch(socketPath: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const headers: Record<string, string> = { host: 'manifold' }
  for (const [name, value] of request.headers) if (!hopByHop.has(name)) headers[name] = value
  request.signal.throwIfAborted()

  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      // A connection each: one kept open can be closed by the engine in the moment it is used again.
      {
        socketPath,
        path: pathname + search,
        method: request.method,
        headers,
        signal: request.signal,
        agent: false,
      },
      (incoming) => {
        const answer = new Headers()
        for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
          const name = incoming.rawHeaders[i]!.toLowerCase()
          if (!hopByHop.has(name)) answer.append(name, incoming.rawHeaders[i + 1]!)
        }
        const status = incoming.statusCode ?? 502
        const isEmpty = request.method === 'HEAD' || [101, 204, 205, 304].includes(status)
        if (isEmpty) incoming.resume()
        const body = isEmpty ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>)
        resolve(new Response(body, { status, headers: answer }))
      },
    )
    outgoing.on('error', (cause) => {
      if (request.signal.aborted) reject(request.signal.reason as Error)
      else reject(new AppError('unavailable', 'The engine does not answer.', { cause }))
    })
    if (request.body) {
      // Node's own stream types differ from the DOM's only in name.
      const body = Readable.fromWeb(request.body as Parameters<typeof Readable.fromWeb>[0])
      pipeline(body, outgoing).catch((error: Error) => outgoing.destroy(error))
    } else {
      outgoing.end()
    }
  })
}
