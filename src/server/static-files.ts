/**
 * The built window (out/renderer) and pdf.js's data (/pdf/*). Only files that lie in those folders, by their real
 * path. The window's policy allows nothing from anywhere else; WebAssembly is for pdf.js's image decoders.
 */
import { realpath } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { AppError } from '../shared/errors.ts'
import { fileResponse } from './files.ts'

export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  // Mantine sets its variables in style elements.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

const pdfFolders = new Set(['cmaps', 'standard_fonts', 'wasm', 'iccs'])

export interface StaticOptions {
  /** The built window; null where there is none, as in tests of the calls alone. */
  rendererDir: string | null
  /** Holds cmaps/, standard_fonts/, wasm/, iccs/. */
  pdfDir: string
}

/** null when the path is none of ours. */
export async function staticResponse(request: Request, options: StaticOptions): Promise<Response | null> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return null
  const { pathname } = new URL(request.url)
  const steps = pathname.split('/').slice(1)
  const isPdf = steps[0] === 'pdf' && steps.length === 3 && pdfFolders.has(steps[1]!)
  const root = isPdf ? options.pdfDir : options.rendererDir
  if (!root) return null
  const path = await locate(root, isPdf ? steps.slice(1) : pathname === '/' ? ['index.html'] : steps)
  if (!path) return null
  const hashed = !isPdf && steps[0] === 'assets'
  return fileResponse(path, request, {
    'content-type': types[extname(path)] ?? 'application/octet-stream',
    'cache-control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': contentSecurityPolicy,
    ...protectiveHeaders,
  })
}

/** On every answer of every door. */
export const protectiveHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

/** The real path of a file in `root`, or null. Symbolic links out of it do not count, nor do names like '..'. */
async function locate(root: string, steps: string[]): Promise<string | null> {
  let decoded: string[]
  try {
    decoded = steps.map(decodeURIComponent)
  } catch {
    return null
  }
  if (decoded.some((step) => step === '' || step.startsWith('.') || /[/\\\0:]/.test(step))) return null
  try {
    const [realRoot, realPath] = await Promise.all([realpath(root), realpath(join(root, ...decoded))])
    return realPath.startsWith(realRoot + sep) ? realPath : null
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null
    throw new AppError('internal', `cannot read ${root}`, { cause: error })
  }
}
