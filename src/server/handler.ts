/**
 * Every door in one function: `fetch(Request) => Response`, bound to a socket, to 127.0.0.1 or called directly.
 *
 *   /rpc/*               calls (oRPC), streams as server-sent events          token
 *   /api/*               the same calls as plain JSON; /api/openapi.json      token
 *   PUT /upload          ?name=<relative path>&lastModified=<ms>, the bytes   token
 *   PUT /models/upload   ?name=<file>, a zip of one model                     token
 *   /files/<id>          document bytes, ?expires&signature, Range            signature
 *   GET /session         -> { door }, to see whether a token counts           token
 *   POST /session        { code } -> { token }, each code once                code
 *   POST /session/code   {} -> { code }, for a new window                     private token
 *   /pdf/*, the rest     pdf.js data and the built window                     none
 *
 * The token travels as `Authorization: Bearer`. Requests that came by another name (DNS rebinding) or from another
 * page's origin are refused before anything else. Errors outside oRPC are JSON { code, message, data }.
 */
import { OpenAPIGenerator } from '@orpc/openapi'
import { OpenAPIHandler } from '@orpc/openapi/fetch'
import { RPCHandler } from '@orpc/server/fetch'
import { ZodToJsonSchemaConverter } from '@orpc/zod/zod4'
import { contract } from '../shared/contract.ts'
import { AppError } from '../shared/errors.ts'
import type { EnginePort } from './engine-port.ts'
import { fileResponse } from './files.ts'
import { createRouter, type Door } from './router.ts'
import { createSessions, createSigner, sameSecret } from './secrets.ts'
import { protectiveHeaders, staticResponse, type StaticOptions } from './static-files.ts'
import { receiveModelUpload, receiveUpload } from './upload.ts'
import { errorResponse, toWireError } from './wire-errors.ts'

export interface HandlerOptions extends StaticOptions {
  engine: EnginePort
  privateToken: string
  version: string
  /** Called for `local.shutdown`, after the answer is on its way. */
  shutdown?(): void
}

/** How a request came in: what the listener knows and a caller cannot claim. */
export interface Connection {
  /** The private socket; only there does the private token count. */
  kind: 'socket' | 'loopback'
}

export interface Handler {
  fetch(request: Request, connection: Connection): Promise<Response>
  /** A code for one new window; see POST /session. */
  newCode(): string
}

/** A query of maxQueryChars in JSON is at most 1.2 MB; lists of paths, from the command line, may be long. */
const bodyLimitBytes: Record<Door, number> = { window: 4_000_000, private: 64_000_000 }

export function createHandler(options: HandlerOptions): Handler {
  const { engine, privateToken } = options
  const sessions = createSessions()
  const signer = createSigner()

  const router = createRouter({
    engine,
    async addressOf(id) {
      await engine.documents.file(id)
      return { url: `/files/${id}?${signer.query(id)}` }
    },
    shutdown: () => setTimeout(() => options.shutdown?.(), 50),
  })
  const rpc = new RPCHandler(router)
  const api = new OpenAPIHandler(router)
  let openapi: Promise<unknown> | null = null

  return { fetch, newCode: () => sessions.newCode() }

  async function fetch(request: Request, connection: Connection): Promise<Response> {
    let response: Response
    try {
      response = refusal(request, connection) ?? (await route(request, connection))
    } catch (error) {
      const { pathname } = new URL(request.url)
      response = pathname.startsWith('/rpc/') ? rpcError(error) : errorResponse(error)
    }
    for (const [name, value] of Object.entries(protectiveHeaders)) {
      if (!response.headers.has(name)) response.headers.set(name, value)
    }
    if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store')
    return response
  }

  async function route(request: Request, connection: Connection): Promise<Response> {
    const url = new URL(request.url)
    const first = url.pathname.split('/')[1] ?? ''
    switch (first) {
      case 'rpc':
      case 'api':
        return call(first, request, url, doorOf(request, connection))
      case 'upload':
        assertUpload(request, connection)
        return Response.json(await receiveUpload(engine, request, url))
      case 'models':
        if (url.pathname !== '/models/upload') throw new AppError('not-found', 'There is nothing here.')
        assertUpload(request, connection)
        return Response.json(await receiveModelUpload(engine, request, url))
      case 'files':
        return documentFile(request, url)
      case 'session':
        return session(request, url, connection)
      default:
        return (
          (await staticResponse(request, options)) ??
          errorResponse(new AppError('not-found', 'There is nothing here.'))
        )
    }
  }

  function assertUpload(request: Request, connection: Connection): void {
    doorOf(request, connection)
    if (request.method !== 'PUT') throw new AppError('bad-request', 'Uploads are made with PUT.')
  }

  async function call(kind: 'rpc' | 'api', request: Request, url: URL, door: Door): Promise<Response> {
    if (url.pathname === '/api/openapi.json') {
      openapi ??= describe(options.version)
      return Response.json(await openapi)
    }
    const bounded = await readBounded(request, bodyLimitBytes[door])
    const handler = kind === 'rpc' ? rpc : api
    const { matched, response } = await handler.handle(bounded, { prefix: `/${kind}`, context: { door } })
    if (!matched) throw new AppError('not-found', 'There is no such call.')
    return response
  }

  async function documentFile(request: Request, url: URL): Promise<Response> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new AppError('bad-request', 'Files are only read.')
    const id = Number(/^\/files\/(\d{1,15})$/.exec(url.pathname)?.[1])
    if (!signer.isValid(id, url.searchParams)) {
      throw new AppError('unauthorized', 'This address has expired. Open the document again.')
    }
    const file = await engine.documents.file(id)
    const isPdf = file.kind === 'pdf'
    return fileResponse(file.path, request, {
      // Whatever the file claims to be, nothing in it runs with the window's rights.
      'content-type': isPdf ? 'application/pdf' : 'application/octet-stream',
      'content-disposition': disposition(isPdf ? 'inline' : 'attachment', file.name),
      'content-security-policy': 'sandbox',
      'cache-control': 'private, no-store',
    })
  }

  async function session(request: Request, url: URL, connection: Connection): Promise<Response> {
    if (request.method === 'GET') return Response.json({ door: doorOf(request, connection) })
    if (request.method !== 'POST') throw new AppError('bad-request', 'Sessions are opened with POST.')
    if (url.pathname === '/session/code') {
      if (doorOf(request, connection) !== 'private')
        throw new AppError('forbidden', 'Only the app itself may do this.')
      return Response.json({ code: sessions.newCode() })
    }
    const body: unknown = await (await readBounded(request, 1000)).json().catch(() => null)
    const code = (body as { code?: unknown } | null)?.code
    const token = typeof code === 'string' ? sessions.exchange(code) : null
    if (!token) {
      throw new AppError(
        'unauthorized',
        'This link was used before or is not one of ours. Ask Manifold for a new one.',
      )
    }
    return Response.json({ token })
  }

  function doorOf(request: Request, connection: Connection): Door {
    const given = /^Bearer ([\w-]{1,200})$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
    const isPrivate = sameSecret(given, privateToken)
    const isWindow = sessions.has(given)
    if (isPrivate && connection.kind === 'socket') return 'private'
    if (isWindow) return 'window'
    throw new AppError('unauthorized', 'This window is not signed in. Ask Manifold for a new link.')
  }
}

const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]'])

/**
 * A page elsewhere can reach 127.0.0.1, and can make its own name point there. So: our names only, and of pages only
 * our own. Any port, because a tunnel may change it; the origin has to be the one the request was sent to.
 */
function refusal(request: Request, { kind }: Connection): Response | null {
  const url = new URL(request.url)
  const refused = (what: string) => errorResponse(new AppError('forbidden', `Refused: ${what}.`))
  if (kind === 'loopback' && !loopbackNames.has(url.hostname))
    return refused('not addressed to this computer')
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== url.origin && !(kind === 'socket' && origin === 'app://manifold')) {
    return refused('sent by another page')
  }
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none' && kind === 'loopback') {
    // A link to the window from elsewhere is harmless: the window it opens has no token.
    const isLink = request.headers.get('sec-fetch-dest') === 'document' && request.method === 'GET'
    if (!isLink || url.pathname !== '/') return refused('sent by another page')
  }
  return null
}

/** The request with its whole body in memory, refused past the limit whatever Content-Length said. */
async function readBounded(request: Request, limitBytes: number): Promise<Request> {
  if (!request.body) return request
  const tooLarge = new AppError('too-large', 'This request is larger than Manifold accepts.', {
    data: { limitBytes },
  })
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge
  const parts: Uint8Array[] = []
  let length = 0
  // Not `for await`: leaving it would cancel the body, and with it the connection the answer has to take.
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > limitBytes) throw tooLarge
    parts.push(value)
  }
  const { method, headers, signal } = request
  return new Request(request.url, { method, headers, signal, body: Buffer.concat(parts) })
}

/** What oRPC's client expects of a refusal that came before oRPC. */
function rpcError(error: unknown): Response {
  const wire = toWireError(error)
  return Response.json({ json: wire.toJSON(), meta: [] }, { status: wire.status })
}

/** RFC 6266: plain ASCII for old readers, the real name in UTF-8. */
function disposition(kind: 'inline' | 'attachment', name: string): string {
  const base = name.split(/[/\\]/).at(-1) || 'document'
  const ascii = base.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(base.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  )
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`
}

function describe(version: string): Promise<unknown> {
  const generator = new OpenAPIGenerator({ schemaConverters: [new ZodToJsonSchemaConverter()] })
  return generator.generate(contract, {
    info: { title: 'Manifold', version, description: 'The local engine. Every call needs a token.' },
    servers: [{ url: '/api' }],
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  })
}
