/**
 * The engine as this window reaches it: typed calls over `/rpc` on the window's own origin, and the few requests that
 * carry bytes. In a browser a session token goes along; in the desktop app the proxy adds one. Every failure that is
 * ours comes out as AppError, so that callers switch on `code`.
 */
import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '../shared/contract.ts'
import { AppError, errorCodes, type ErrorCode, type ErrorData } from '../shared/errors.ts'

export type EngineCalls = ContractRouterClient<Contract>

export interface Uploaded {
  documentId: number
  unchanged: boolean
}

export interface UploadRequest {
  /** Relative path, '/' between folders. */
  name: string
  file: Blob
  lastModified: number
  signal: AbortSignal
  onProgress(sentBytes: number): void
}

export interface Client {
  calls: EngineCalls
  upload(request: UploadRequest): Promise<Uploaded>
}

/** `token` is null in the desktop app. */
export function createClient(origin: string, token: string | null): Client {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  const link = new RPCLink({
    url: `${origin}/rpc`,
    headers,
    interceptors: [
      async ({ next }) => {
        try {
          return await next()
        } catch (error) {
          throw asAppError(error)
        }
      },
    ],
  })
  return {
    calls: createORPCClient(link),
    upload: (request) => upload(`${origin}/upload`, headers, request),
  }
}

/** A session token for the one-time code of the link this window was opened with. */
export async function openSession(origin: string, code: string): Promise<string> {
  const response = await fetch(`${origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  })
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw fromShape(body, response.status)
  return (body as { token: string }).token
}

/** XMLHttpRequest, because fetch does not say how much of a body has been sent. */
function upload(url: string, headers: Record<string, string>, request: UploadRequest): Promise<Uploaded> {
  const { name, file, lastModified, signal, onProgress } = request
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest()
    const cancel = () => sending.abort()
    const end = (act: () => void) => () => {
      signal.removeEventListener('abort', cancel)
      act()
    }
    const query = new URLSearchParams({
      name,
      lastModified: String(Math.round(lastModified)),
      size: String(file.size),
    })
    sending.open('PUT', `${url}?${query}`)
    sending.responseType = 'json'
    for (const [header, value] of Object.entries(headers)) sending.setRequestHeader(header, value)
    sending.upload.onprogress = (event) => onProgress(event.loaded)
    sending.onload = end(() => {
      if (sending.status >= 200 && sending.status < 300) resolve(sending.response as Uploaded)
      else reject(fromShape(sending.response, sending.status))
    })
    sending.onerror = end(() => reject(new AppError('unavailable', 'The engine did not answer.')))
    sending.onabort = end(() => reject(new AppError('cancelled', 'cancelled')))
    signal.addEventListener('abort', cancel)
    if (signal.aborted) return reject(new AppError('cancelled', 'cancelled'))
    sending.send(file)
  })
}

export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof ORPCError) {
    if (error.code === 'APP_ERROR') return fromShape({ ...error.data, message: error.message }, error.status)
    if (error.status === 401) return new AppError('unauthorized', error.message)
    if (error.status === 502 || error.status === 503) return new AppError('unavailable', error.message)
    return new AppError('internal', error.message)
  }
  if (error instanceof Error && error.name === 'AbortError') return new AppError('cancelled', 'cancelled')
  // fetch says TypeError whatever kept it from an answer.
  if (error instanceof TypeError) return new AppError('unavailable', error.message, { cause: error })
  return new AppError('internal', 'unexpected', { cause: error })
}

function fromShape(body: unknown, status: number): AppError {
  const { code, message, data } = (body ?? {}) as { code?: string; message?: string; data?: ErrorData }
  if (code && (errorCodes as readonly string[]).includes(code)) {
    return new AppError(code as ErrorCode, message ?? code, { data: data ?? {} })
  }
  return new AppError(status === 401 ? 'unauthorized' : 'internal', message ?? `status ${status}`)
}
