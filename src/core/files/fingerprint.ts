/**
 * sha256 of a file's bytes: what tells equal files from different ones [DA6]. A file that changes while it is read
 * is read again, and refused as still being written if it goes on. Never follows a symbolic link.
 */
import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { Reason } from '../../shared/document.ts'
import { AppError } from '../../shared/errors.ts'

export type Fingerprint =
  { ok: true; sha256: string; sizeBytes: number; mtimeMs: number } | { ok: false; reason: Reason }

const blockBytes = 1 << 20
const attempts = 3

/** Rejects only with 'cancelled'; everything that is wrong with the file is a reason. */
export async function fingerprint(
  path: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Fingerprint> {
  for (let attempt = 1; ; attempt++) {
    const result = await readOnce(path, signal)
    if (result !== 'changed') return result
    if (attempt === attempts)
      return { ok: false, reason: { code: 'unreadable', data: { detail: 'still being written' } } }
  }
}

async function readOnce(path: string, signal: AbortSignal | undefined): Promise<Fingerprint | 'changed'> {
  let file: FileHandle | null = null
  try {
    // No waiting for the writer of a named pipe either.
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    const before = await file.stat()
    if (!before.isFile())
      return { ok: false, reason: { code: 'unsupported', data: { detail: 'not a file' } } }
    const hash = createHash('sha256')
    const buffer = Buffer.allocUnsafe(Math.min(blockBytes, before.size + 1))
    for (let at = 0; ;) {
      if (signal?.aborted) throw new AppError('cancelled', 'cancelled')
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) break
      hash.update(buffer.subarray(0, bytesRead))
      at += bytesRead
      // Growing as fast as it is read.
      if (at > before.size) return 'changed'
    }
    if (!same(before, await file.stat())) return 'changed'
    return { ok: true, sha256: hash.digest('hex'), sizeBytes: before.size, mtimeMs: before.mtimeMs }
  } catch (error) {
    if (error instanceof AppError) throw error
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return { ok: false, reason: { code: 'vanished', data: {} } }
    return {
      ok: false,
      reason: { code: 'unreadable', data: { detail: code ?? String(error).slice(0, 200) } },
    }
  } finally {
    await file?.close().catch(() => {})
  }
}

const same = (a: Stats, b: Stats) => a.size === b.size && a.mtimeMs === b.mtimeMs
