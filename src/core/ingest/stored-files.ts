/** Managed copies of uploaded files that no document stands on any more go, and uploads that a crash cut off. */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Library } from '../store/library/library.ts'
import { filesFolder } from '../store/library/layout.ts'

/** An upload gets its row within moments of its last byte; what is older than this will get none. */
const graceMs = 60 * 60_000

export function sweepStoredFiles(library: Library, libraryDir: string): number {
  const root = filesFolder(libraryDir)
  const wanted = library.documents.storedFiles()
  let removed = 0
  const sweep = (path: string) => {
    if (Date.now() - statSync(path).mtimeMs < graceMs) return
    rmSync(path, { force: true })
    removed++
  }
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const path = join(root, entry.name)
    if (entry.isFile() && entry.name.startsWith('incoming-')) sweep(path)
    if (!entry.isDirectory()) continue
    for (const name of readdirSync(path)) if (!wanted.has(name)) sweep(join(path, name))
  }
  return removed
}
