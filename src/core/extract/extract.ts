/**
 * One file to blocks of text: reads it within limits, chooses the extractor by name, and checks the name against
 * the bytes. A file whose bytes are another format than its name is refused as 'misnamed' and told what it is:
 * type filters and the reader go by the name, so reading it as something else would show it wrong everywhere.
 */
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { DocumentKind, Reason } from '../../shared/document.ts'
import { sniff } from './decode.ts'
import { extractorVersions, kindOfName, sizeLimits } from './kinds.ts'
import { extractMarkdown } from './markdown.ts'
import { extractPdf } from './pdf.ts'
import { extractText } from './text.ts'
import type { ExtractResult } from './types.ts'

export { extractorVersions, kindOfName, sizeLimits }

export interface ExtractOptions {
  path: string
  /** What the file is where its stored name does not tell: uploads are kept under their hash. */
  kindHint?: DocumentKind | undefined
  resources: { pdf: string }
  /** Called as work gets on; a long silence is taken for a hang [EX3]. */
  onProgress?: () => void
}

export async function extractFile({
  path,
  kindHint,
  resources,
  onProgress,
}: ExtractOptions): Promise<ExtractResult> {
  const kind = kindHint ?? kindOfName(path)
  if (kind === 'other') return refused('unsupported')
  const read = await readWithin(path, sizeLimits[kind])
  if (!read.ok) return read
  const { bytes } = read
  if (bytes.length === 0) return refused('empty')
  onProgress?.()
  if (kind === 'pdf') {
    const is = notPdf(bytes)
    if (is) return refused('misnamed', { detail: is })
    return extractPdf(bytes, { resources: resources.pdf, ...(onProgress && { onProgress }) })
  }
  return kind === 'markdown' ? extractMarkdown(bytes, path, onProgress) : extractText(bytes, path)
}

function refused(code: Reason['code'], data: Reason['data'] = {}): ExtractResult & { ok: false } {
  return { ok: false, reason: { code, data } }
}

/** What a file named .pdf is instead; null when it is one, or what is left of one. */
function notPdf(bytes: Uint8Array): string | null {
  const is = sniff(bytes)
  if (is !== null) return is === 'pdf' ? null : is
  // The header may stand anywhere in the first kilobyte (ISO 32000-1, implementation note 13); pdf.js goes on without one.
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString('latin1')
  if (head.includes('%PDF') || head.includes(' obj')) return null
  if (/^\s*<(?:!doctype html|html|head|\?xml)/i.test(head)) return 'html'
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('endobj') ? null : 'unknown'
}

type Read = { ok: true; bytes: Uint8Array<ArrayBuffer> } | (ExtractResult & { ok: false })

async function readWithin(path: string, limitBytes: number): Promise<Read> {
  let file: FileHandle | null = null
  try {
    // Never wait for the writer of a named pipe.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const stat = await file.stat()
    if (!stat.isFile()) return refused('unsupported', { detail: 'not a file' })
    if (stat.size > limitBytes) return refused('too-large', { sizeBytes: stat.size, limitBytes })
    // Its own buffer, not the pool's: pdf.js takes it over.
    const bytes = new Uint8Array(stat.size)
    let at = 0
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return { ok: true, bytes: at === bytes.length ? bytes : bytes.slice(0, at) }
  } catch (error) {
    return refused(...reasonOf(error))
  } finally {
    await file?.close().catch(() => {})
  }
}

/** What a failed read means to the person. */
export function reasonOf(error: unknown): [Reason['code'], Reason['data']] {
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (code === 'ENOENT' || code === 'ENOTDIR') return ['vanished', {}]
  return ['unreadable', { detail: code ?? String(error).slice(0, 200) }]
}
