/**
 * A model hub on 127.0.0.1 that speaks the routes of Hugging Face and of ModelScope, with real ranges, entity tags and
 * redirects; and, told so, everything that goes wrong with real ones.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join, relative } from 'node:path'

/** What happens to one request for a file, instead of what should. */
export type Fault =
  /** The connection breaks after so many bytes of this answer. */
  | { kind: 'drop'; afterBytes: number }
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  | { kind: 'redirect'; to: string }
  | { kind: 'body'; body: string | Buffer; headers?: Record<string, string> }
  /** 200 and the whole file, whatever range was asked for. */
  | { kind: 'ignore-range' }
  /** The first bytes, and then nothing more. */
  | { kind: 'stall'; afterBytes: number }

export interface HubServer {
  readonly address: string
  readonly revision: string
  /** "GET /path" of every request, in order. */
  readonly requests: { url: string; headers: IncomingMessage['headers'] }[]
  /** Path in the repository to content. */
  readonly files: Map<string, Buffer>
  /** Faults for the next requests of a file, or of 'tree' or 'revision'; used up one by one. */
  fault(path: string, ...faults: Fault[]): void
  /** The client has the bytes of an answer that is to break: now it does. Otherwise it does by itself, later. */
  arrived(): void
  /** Entity tags change, as when a hub moves to other storage. */
  newTags(): void
  /** So many files a page of the list. */
  pageSize: number
  /** The next page's address names this origin, as a mirror that passes on its hub's answers. */
  nextOrigin: string | null
  /** Paths whose bytes differ from what the list says. */
  readonly wrong: Map<string, Buffer>
  close(): Promise<void>
}

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

/** Every file of a folder, by its path in it. */
export function filesUnder(folder: string): Map<string, Buffer> {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name)
        return [relative(folder, path).replaceAll('\\', '/'), readFileSync(path)]
      }),
  )
}

export async function startHub(repository: string, files: Map<string, Buffer>): Promise<HubServer> {
  const revision = 'c0ffee'.repeat(6) + 'beef'
  const requests: HubServer['requests'] = []
  const faults = new Map<string, Fault[]>()
  const wrong = new Map<string, Buffer>()
  const breaking = new Set<Socket>()
  let tag = 1
  const isLarge = (path: string) => /\.(onnx|bin|safetensors)$|_data$/.test(path)
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://hub')
    requests.push({ url: url.pathname + url.search, headers: request.headers })
    const path = decodeURIComponent(url.pathname)
    if (path === `/api/models/${repository}/revision/main`) {
      if (fails('revision', request, response)) return
      return json(response, { id: repository, sha: revision })
    }
    if (path === `/api/models/${repository}/tree/${revision}`) {
      if (fails('tree', request, response)) return
      return tree(url, response)
    }
    if (path === `/api/v1/models/${repository}/repo/files`) {
      return json(response, {
        Code: 200,
        Data: {
          Files: [...files].map(([name, bytes]) => ({
            Type: 'blob',
            Path: name,
            Name: name.split('/').at(-1),
            Size: bytes.length,
            Sha256: sha256(bytes),
          })),
        },
      })
    }
    for (const route of [
      `/${repository}/resolve/${revision}/`,
      `/${repository}/resolve/main/`,
      `/models/${repository}/resolve/master/`,
    ]) {
      if (!path.startsWith(route)) continue
      const name = path.slice(route.length)
      if (!files.has(name)) return void response.writeHead(404).end('Entry not found')
      // As the hub does: large files are elsewhere.
      if (isLarge(name))
        return void response.writeHead(302, { location: `/cdn/${encodeURIComponent(name)}` }).end()
      return file(name, request, response)
    }
    if (path.startsWith('/cdn/')) return file(path.slice(5), request, response)
    response.writeHead(404, { 'content-type': 'text/html' }).end('<!doctype html><p>404</p>')
  })

  function tree(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const all = [...files].map(([path, bytes]) => ({
      type: 'file',
      path,
      size: bytes.length,
      oid: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'),
      ...(isLarge(path) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } } : {}),
    }))
    const page = all.slice(from, from + hub.pageSize)
    if (from + hub.pageSize < all.length) {
      const next = `${hub.nextOrigin ?? hub.address}${url.pathname}?recursive=true&cursor=${from + hub.pageSize}`
      response.setHeader('link', `<${next}>; rel="next"`)
    }
    json(response, [{ type: 'directory', path: 'onnx', size: 0, oid: '0' }, ...page])
  }

  function file(name: string, request: IncomingMessage, response: ServerResponse): void {
    const bytes = wrong.get(name) ?? files.get(name)!
    const fault = take(name)
    if (fault && answerFault(fault, request, response)) return
    const etag = `"${tag}-${sha256(name).slice(0, 8)}"`
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
    let body = bytes
    if (range && isSame && fault?.kind !== 'ignore-range') {
      const from = Number(range[1])
      if (from >= bytes.length) {
        return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
      }
      body = bytes.subarray(from)
      response.writeHead(206, {
        etag,
        'content-length': body.length,
        'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
      })
    } else response.writeHead(200, { etag, 'content-length': body.length, 'accept-ranges': 'bytes' })
    if (fault?.kind === 'drop') {
      response.write(body.subarray(0, fault.afterBytes))
      // Not at once: bytes still in the client's buffers when a connection breaks are lost, and rightly so.
      breaking.add(request.socket)
      setTimeout(() => request.socket.destroy(), 3_000)
    } else if (fault?.kind === 'stall') response.write(body.subarray(0, fault.afterBytes))
    else response.end(body)
  }

  const take = (key: string): Fault | undefined => faults.get(key)?.shift()

  function fails(key: string, request: IncomingMessage, response: ServerResponse): boolean {
    const fault = take(key)
    return fault !== undefined && answerFault(fault, request, response)
  }

  function answerFault(fault: Fault, _request: IncomingMessage, response: ServerResponse): boolean {
    if (fault.kind === 'status') response.writeHead(fault.status, fault.headers).end('no')
    else if (fault.kind === 'redirect') response.writeHead(302, { location: fault.to }).end()
    else if (fault.kind === 'body') response.writeHead(200, fault.headers).end(fault.body)
    else return false
    return true
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const hub: HubServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    revision,
    requests,
    files,
    fault: (path, ...more) => void faults.set(path, [...(faults.get(path) ?? []), ...more]),
    arrived() {
      for (const socket of breaking) socket.destroy()
      breaking.clear()
    },
    newTags: () => void tag++,
    pageSize: 1000,
    nextOrigin: null,
    wrong,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return hub
}

const json = (response: ServerResponse, value: unknown): void =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
