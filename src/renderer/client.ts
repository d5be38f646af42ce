/**
 * The engine as this window reaches it: typed calls over `/rpc` on the window's own origin, and the few requests that
 * carry bytes. In a browser a session token goes along; in the desktop app the proxy adds one. Every failure that is
 * ours comes out as AppError, so that callers switch on `code`.
 */
import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '../shared/contract.ts'
import type { ModelInfo } from '../shared/status.ts'
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

export interface ModelUpload {
  /** A zip of a model's folder. */
  file: File
  signal: AbortSignal
  /** 0 to 1. */
  onProgress(share: number): void
}

export interface Client {
  calls: EngineCalls
  upload(request: UploadRequest): Promise<Uploaded>
  /** Answers when the model was unpacked and tested. */
  uploadModel(request: ModelUpload): Promise<{ model: ModelInfo }>
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
    upload: ({ name, file, lastModified, signal, onProgress }) => {
      const query = new URLSearchParams({
        name,
        lastModified: String(Math.round(lastModified)),
        size: String(file.size),
      })
      return put<Uploaded>(`${origin}/upload?${query}`, { headers, body: file, signal, onProgress })
    },
    uploadModel: ({ file, signal, onProgress }) => {
      const query = new URLSearchParams({ name: file.name, size: String(file.size) })
      return put<{ model: ModelInfo }>(`${origin}/models/upload?${query}`, {
        headers,
        body: file,
        signal,
        onProgress: (sent) => onProgress(file.size === 0 ? 1 : sent / file.size),
      })
    },
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

interface Sending {
  headers: Record<string, string>
  body: Blob
  signal: AbortSignal
  onProgress(sentBytes: number): void
}

/** XMLHttpRequest, because fetch does not say how much of a body has been sent. */
function put<Answer>(url: string, { headers, body, signal, onProgress }: Sending): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest()
    const cancel = () => sending.abort()
    const end = (act: () => void) => () => {
      signal.removeEventListener('abort', cancel)
      act()
    }
    sending.open('PUT', url)
    sending.responseType = 'json'
    for (const [header, value] of Object.entries(headers)) sending.setRequestHeader(header, value)
    sending.upload.onprogress = (event) => onProgress(event.loaded)
    sending.onload = end(() => {
      if (sending.status >= 200 && sending.status < 300) resolve(sending.response as Answer)
      else reject(fromShape(sending.response, sending.status))
    })
    sending.onerror = end(() => reject(new AppError('unavailable', 'The engine did not answer.')))
    sending.onabort = end(() => reject(new AppError('cancelled', 'cancelled')))
    signal.addEventListener('abort', cancel)
    if (signal.aborted) return reject(new AppError('cancelled', 'cancelled'))
    sending.send(body)
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
