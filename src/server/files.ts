/**
 * A file as a response: whole, or the one range asked for. Refuses what is not a regular file. The caller names the
 * path; nothing here looks at a URL.
 */
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AppError } from '../shared/errors.ts'

export async function fileResponse(
  path: string,
  request: Request,
  headers: Record<string, string>,
): Promise<Response> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw new AppError('not-found', 'The file is not there, or cannot be read.', { cause })
  })
  try {
    const { size, mtimeMs, isFile } = await handle.stat().then((stat) => ({
      size: stat.size,
      mtimeMs: stat.mtimeMs,
      isFile: stat.isFile(),
    }))
    if (!isFile) throw new AppError('not-found', 'This is not a file.')
    const etag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`
    const common = { 'accept-ranges': 'bytes', etag, ...headers }
    if (request.headers.get('if-none-match') === etag) {
      await handle.close()
      return new Response(null, { status: 304, headers: common })
    }
    const range = parseRange(request.headers.get('range'), size, request.headers.get('if-range'), etag)
    if (range === 'unsatisfiable') {
      await handle.close()
      return new Response(null, { status: 416, headers: { ...common, 'content-range': `bytes */${size}` } })
    }
    const [start, end] = range ?? [0, size - 1]
    const length = end - start + 1
    const status = range ? 206 : 200
    const answer = { ...common, 'content-length': String(length) }
    if (range) Object.assign(answer, { 'content-range': `bytes ${start}-${end}/${size}` })
    if (request.method === 'HEAD' || length === 0) {
      await handle.close()
      return new Response(null, { status, headers: answer })
    }
    const body = Readable.toWeb(handle.createReadStream({ start, end })) as ReadableStream<Uint8Array>
    return new Response(body, { status, headers: answer })
  } catch (error) {
    await handle.close().catch(() => {})
    throw error
  }
}

/**
 * First and last byte of a single range, null for the whole file. Several ranges at once get the whole file, which
 * RFC 9110 allows.
 */
export function parseRange(
  header: string | null,
  size: number,
  ifRange: string | null = null,
  etag = '',
): [number, number] | 'unsatisfiable' | null {
  if (!header || (ifRange !== null && ifRange !== etag)) return null
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim())
  if (!match || (match[1] === '' && match[2] === '')) return null
  if (match[1] === '') {
    const suffix = Number(match[2])
    return suffix === 0 || size === 0 ? 'unsatisfiable' : [Math.max(0, size - suffix), size - 1]
  }
  const start = Number(match[1])
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (start >= size) return 'unsatisfiable'
  return end < start ? null : [start, end]
}
