/**
 * app://manifold/: the built window and pdf.js data from disk, everything else handed to the engine's private socket
 * with a window's token. The window never holds a token, and cannot reach what a window may not.
 */
import { protocol } from 'electron'
import { resourceDirs, rendererDir } from '../core/package-layout.ts'
import { socketFetch } from '../server/socket-fetch.ts'
import { staticResponse } from '../server/static-files.ts'
import { errorResponse } from '../server/wire-errors.ts'
import { AppError } from '../shared/errors.ts'
import type { EngineLink } from './engine-link.ts'

export const appOrigin = 'app://manifold'

/** Before the app is ready; afterwards it is too late. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ])
}

export function serveApp(engine: EngineLink): void {
  const folders = { rendererDir: rendererDir(), pdfDir: resourceDirs().pdf }
  protocol.handle('app', async (request) => {
    try {
      const { host, pathname } = new URL(request.url)
      if (host !== 'manifold') throw new AppError('not-found', 'There is nothing here.')
      if (/^\/(rpc|api|upload|models|files)(\/|$)/.test(pathname)) return await forward(engine, request)
      return (
        (await staticResponse(request, folders)) ??
        errorResponse(new AppError('not-found', 'There is nothing here.'))
      )
    } catch (error) {
      return errorResponse(error)
    }
  })
}

/**
 * Electron never aborts `request.signal`; when the window gives up it cancels the answer's body, and that closes the
 * connection to the engine. Range and 206 pass through as they are.
 */
async function forward(engine: EngineLink, request: Request): Promise<Response> {
  const { address, windowToken } = await engine.ready()
  const { pathname, search } = new URL(request.url)
  const headers = new Headers(request.headers)
  headers.set('authorization', `Bearer ${windowToken}`)
  return socketFetch(
    address.socket,
    new Request(`http://manifold${pathname}${search}`, {
      method: request.method,
      headers,
      ...(request.body ? { body: request.body, duplex: 'half' } : {}),
    } as RequestInit),
  )
}
