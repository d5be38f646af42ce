/**
 * Asks a model hub: which files a repository has, with their sizes and hashes at one commit, and for a file's bytes.
 * Hugging Face's routes (its mirrors have them too) and ModelScope's. No token, no cookie; only https, and http of this
 * computer for a source that is itself of this computer; redirects are followed by hand under the same rule.
 */
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import { isLoopback, isMirrorAddress, type ModelSource } from '../../shared/models.ts'

export interface HubFile {
  path: string
  sizeBytes: number
  /** Of large files (LFS), and of all on ModelScope. */
  sha256: string | null
  /** Of small files: the sha1 of `blob <size>\0` and the bytes, as git names them. */
  blobSha1: string | null
}

export interface HubRecord {
  /** The commit; files are asked for at it. */
  revision: string
  files: HubFile[]
}

export interface Hub {
  readonly source: ModelSource
  /** Hubs of one layout have the same commits. */
  readonly layout: 'huggingface' | 'modelscope'
  /** The host, for people. */
  readonly host: string
  record(repository: string, signal: AbortSignal): Promise<HubRecord>
  /** `revision`: of a record of this layout, or null for the newest. Any answer but 200, 206 and 416 rejects. */
  open(
    file: { repository: string; revision: string | null; path: string },
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response>
}

export interface HubOptions {
  source: ModelSource
  /** Settings.modelMirror; for the custom source. */
  mirror: string
  /** Called before each request, redirects too. */
  onRequest(): void
  fetch?: typeof globalThis.fetch
}

const addresses = {
  huggingface: 'https://huggingface.co',
  'hf-mirror': 'https://hf-mirror.com',
  modelscope: 'https://www.modelscope.cn',
}

const maxRedirects = 5
const maxListBytes = 16_000_000
const maxPages = 50
const listTimeoutMs = 30_000

const Commit = z.looseObject({ sha: z.string().regex(/^[0-9a-f]{40,64}$/) })
const Tree = z.array(
  z.looseObject({
    type: z.string(),
    path: z.string(),
    size: z.number().int().min(0).optional(),
    oid: z.string().optional(),
    lfs: z.looseObject({ oid: z.string(), size: z.number().int().min(0) }).nullish(),
  }),
)
const Listing = z.looseObject({
  Data: z.looseObject({
    Files: z.array(
      z.looseObject({
        Type: z.string(),
        Path: z.string(),
        Size: z.number().int().min(0),
        Sha256: z.string().nullish(),
      }),
    ),
  }),
})

/** Throws 'bad-request' for a custom source without a proper address. */
export function createHub({ source, mirror, onRequest, fetch = globalThis.fetch }: HubOptions): Hub {
  const address = source === 'custom' ? mirror : addresses[source]
  if (!isMirrorAddress(address)) {
    throw new AppError('bad-request', 'The custom source needs an https address in the settings.', {
      data: { source },
    })
  }
  const base = new URL(address)
  const root = `${base.origin}${base.pathname.replace(/\/+$/, '')}`
  const { host } = base

  /** Follows redirects by hand: each place must be allowed before it is asked. */
  async function request(
    url: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    let at = new URL(url)
    for (let hop = 0; hop <= maxRedirects; hop++) {
      assertAllowed(at, base)
      onRequest()
      let response: Response
      try {
        response = await fetch(at, {
          headers: { 'accept-encoding': 'identity', 'user-agent': 'manifold', ...headers },
          redirect: 'manual',
          credentials: 'omit',
          signal,
        })
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw unreachable(at.host, error)
      }
      const location = response.headers.get('location')
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response
      await response.body?.cancel()
      if (!URL.canParse(location, at)) throw forbidden(location)
      at = new URL(location, at)
    }
    throw new AppError('unavailable', `${host} sent the request from place to place without an end.`, {
      data: { problem: 'redirects', host },
    })
  }

  async function json<T>(url: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<[T, Headers]> {
    const response = await request(
      url,
      { accept: 'application/json' },
      AbortSignal.any([signal, AbortSignal.timeout(listTimeoutMs)]),
    ).catch((error: unknown) => {
      throw !signal.aborted && error instanceof Error && error.name === 'TimeoutError'
        ? unreachable(host, error)
        : error
    })
    if (response.status !== 200) throw await refused(response, host)
    const text = await boundedText(response, maxListBytes, host)
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      throw new AppError('unavailable', `${host} answered with something else than a list of files.`, {
        cause: error,
        data: { problem: /^\s*</.test(text) ? 'html-page' : 'list', host },
      })
    }
    const parsed = schema.safeParse(value)
    if (!parsed.success) {
      throw new AppError('unavailable', `${host} answered with something else than a list of files.`, {
        cause: parsed.error,
        data: { problem: 'list', host },
      })
    }
    return [parsed.data, response.headers]
  }

  async function huggingFaceRecord(repository: string, signal: AbortSignal): Promise<HubRecord> {
    const api = `${root}/api/models/${repository}`
    const [{ sha: revision }] = await json(`${api}/revision/main`, Commit, signal)
    const files: HubFile[] = []
    let cursor = ''
    for (let page = 0; page < maxPages; page++) {
      const [tree, headers] = await json(
        `${api}/tree/${revision}?recursive=true${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
        Tree,
        signal,
      )
      for (const { type, path, size, oid, lfs } of tree) {
        if (type !== 'file') continue
        files.push({
          path,
          sizeBytes: lfs?.size ?? size ?? 0,
          sha256: lfs ? lfs.oid.toLowerCase() : null,
          blobSha1: lfs ? null : (oid ?? '').toLowerCase(),
        })
      }
      // Only the cursor is taken: a mirror passes on an address of the hub it mirrors.
      const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(headers.get('link') ?? '')?.[1]
      cursor = (next && URL.canParse(next, root) && new URL(next, root).searchParams.get('cursor')) || ''
      if (!cursor) break
    }
    return { revision, files }
  }

  async function modelScopeRecord(repository: string, signal: AbortSignal): Promise<HubRecord> {
    const [{ Data }] = await json(
      `${root}/api/v1/models/${repository}/repo/files?Revision=master&Recursive=true`,
      Listing,
      signal,
    )
    const files = Data.Files.filter(({ Type }) => Type !== 'tree').map(({ Path, Size, Sha256 }) => ({
      path: Path,
      sizeBytes: Size,
      sha256: Sha256?.toLowerCase() ?? null,
      blobSha1: null,
    }))
    // It names a commit for each file only; the hashes say what is meant.
    return { revision: 'master', files }
  }

  const layout = source === 'modelscope' ? 'modelscope' : 'huggingface'
  return {
    source,
    layout,
    host,
    record: layout === 'modelscope' ? modelScopeRecord : huggingFaceRecord,
    async open({ repository, revision, path }, headers, signal) {
      const name = path.split('/').map(encodeURIComponent).join('/')
      const response =
        layout === 'modelscope'
          ? await request(
              `${root}/models/${repository}/resolve/${revision ?? 'master'}/${name}`,
              headers,
              signal,
            )
          : await request(`${root}/${repository}/resolve/${revision ?? 'main'}/${name}`, headers, signal)
      if (![200, 206, 416].includes(response.status)) throw await refused(response, host, path)
      return response
    },
  }
}

function assertAllowed(at: URL, base: URL): void {
  const isPlainHere = at.protocol === 'http:' && isLoopback(at.hostname) && base.protocol === 'http:'
  // A hub on the network has no business sending anybody to this computer's own doors.
  const isSafe = at.protocol === 'https:' && (!isLoopback(at.hostname) || isLoopback(base.hostname))
  if (at.username !== '' || at.password !== '' || !(isPlainHere || isSafe)) throw forbidden(at.href)
}

const forbidden = (place: string): AppError =>
  new AppError(
    'forbidden',
    `The download was sent to a place Manifold does not go to (${place.slice(0, 200)}). Only https is followed.`,
    { data: { problem: 'redirect', place: place.slice(0, 200) } },
  )

export const unreachable = (host: string, cause: unknown): AppError =>
  new AppError(
    'unavailable',
    `${host} could not be reached. Check the connection, or choose another source in the settings.`,
    { cause, data: { problem: 'network', host } },
  )

/** `data.retryAfterMs` where trying again later makes sense. */
async function refused(response: Response, host: string, path?: string): Promise<AppError> {
  await response.body?.cancel().catch(() => {})
  const { status } = response
  const data = { host, status, ...(path === undefined ? {} : { file: path }) }
  const what = path ?? 'the model'
  if (status === 401 || status === 403) {
    return new AppError('forbidden', `${host} does not give ${what} to everyone; it asks for an account.`, {
      data: { problem: 'gated', ...data },
    })
  }
  if (status === 404 || status === 410) {
    return new AppError('not-found', `${host} does not have ${what}. Choose another source.`, {
      data: { problem: 'missing', ...data },
    })
  }
  if (status === 429 || status >= 500 || status === 408) {
    return new AppError('unavailable', `${host} is busy or out of order (${status}). Try again later.`, {
      data: { problem: 'busy', retryAfterMs: retryAfterMs(response.headers), ...data },
    })
  }
  return new AppError('unavailable', `${host} answered ${status} for ${what}.`, {
    data: { problem: 'status', ...data },
  })
}

/** RFC 9110 10.2.3: seconds or a date; 0 where it says neither. */
function retryAfterMs(headers: Headers): number {
  const text = headers.get('retry-after') ?? ''
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? 0 : Math.max(0, at - Date.now())
}

async function boundedText(response: Response, limitBytes: number, host: string): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for await (const part of response.body ?? []) {
      length += part.length
      if (length > limitBytes) break
      parts.push(part)
    }
  } catch (error) {
    throw unreachable(host, error)
  }
  if (length > limitBytes) {
    throw new AppError('unavailable', `${host} answered with more than a list of files.`, {
      data: { problem: 'list', host },
    })
  }
  return Buffer.concat(parts).toString('utf8')
}
