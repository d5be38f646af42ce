/**
 * Forgetting [DA5]: removes a document's rows, text, chunks, keyword rows, vectors, managed copy and backups' copies,
 * overwrites the freed pages, folds the logs, and then looks for it: in the rows, and byte by byte in every file of
 * the library for its name and for stretches of its text.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenFiles } from './ingest/ingest.ts'
import type { Library } from './store/library/library.ts'
import { storedFile } from './store/library/layout.ts'

export interface ForgetReport {
  done: number
  /** What was still found, one sentence each; empty is the promise kept. */
  traces: string[]
  /** Places that were searched. */
  searched: string[]
}

export function forgetDocuments({
  library,
  libraryDir,
  targets,
  ids,
}: {
  library: Library
  libraryDir: string
  targets: readonly OpenFiles[]
  ids: readonly number[]
}): ForgetReport {
  const rows = ids.flatMap((id) => library.documents.get(id) ?? [])
  const forgotten = new Set(rows.map((row) => row.id))
  const names = new Set<string>()
  const shas = new Set<string>()
  const stored = new Set<string>()
  for (const row of rows) {
    // A copy elsewhere keeps the text, so only the name can be looked for.
    const copies = library.documents.copies(row.id).filter((copy) => !forgotten.has(copy.id))
    names.add(row.name)
    if (row.sha256 !== null && copies.length === 0) shas.add(row.sha256)
    if (row.stored_sha256 !== null && copies.length === 0) stored.add(row.stored_sha256)
  }
  const samples = [...shas].flatMap((sha256) => distinctive(library, sha256))

  library.documents.erase([...forgotten])
  for (const { index, vectors } of targets) {
    for (const sha256 of shas) {
      vectors.drop(sha256)
      index.drop(sha256)
    }
  }
  library.texts.sweep()
  for (const sha256 of stored) rmSync(storedFile(libraryDir, sha256), { force: true })
  for (const name of readdirSync(libraryDir)) {
    // A copy made before a migration still holds it; the library has long been migrated when this runs.
    if (/^library\.db\.before-\d+$/.test(name)) rmSync(join(libraryDir, name), { force: true })
  }
  library.optimizeNames()
  library.checkpoint()
  for (const { index, vectors } of targets) {
    index.purge()
    vectors.purge()
  }

  const traces: string[] = []
  for (const id of forgotten) if (library.documents.get(id)) traces.push(`document ${id} still has a row`)
  for (const sha256 of shas) {
    if (library.texts.extractorOf(sha256) !== null) traces.push('its text is still stored')
    for (const { index, vectors, target } of targets) {
      if (index.has(sha256)) traces.push(`its chunks are still in ${target.indexFile}`)
      if (vectors.has(sha256)) traces.push(`its vectors are still in ${target.vectorsFile}`)
    }
  }
  for (const sha256 of stored)
    if (existsSync(storedFile(libraryDir, sha256))) traces.push('its managed copy is still there')
  const searched: string[] = []
  const otherNames = new Set(library.documents.namesLike([...names]))
  const needles = [...[...names].filter((name) => !otherNames.has(name)), ...samples].map((text) =>
    Buffer.from(text, 'utf8'),
  )
  for (const name of readdirSync(libraryDir)) {
    const path = join(libraryDir, name)
    if (!statSync(path).isFile()) continue
    searched.push(name)
    if (needles.some((needle) => fileContains(path, needle)))
      traces.push(`its name or words are still in ${name}`)
  }
  searched.push('files/')
  return { done: forgotten.size, traces, searched }
}

/** A few stretches of the document's own text, long enough not to occur elsewhere by chance. */
function distinctive(library: Library, sha256: string): string[] {
  const text = library.texts.get(sha256)
  if (!text) return []
  const lines = text.blocks.flatMap((block) => block.text.split('\n')).filter((line) => line.length >= 24)
  const picked = [lines[0], lines[Math.floor(lines.length / 2)], lines.at(-1)]
  return [...new Set(picked.flatMap((line) => (line === undefined ? [] : [line.slice(0, 60)])))]
}

function fileContains(path: string, needle: Buffer): boolean {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(1 << 20)
    let kept = 0
    while (true) {
      const read = readSync(file, buffer, kept, buffer.length - kept, null)
      if (read === 0) return false
      const end = kept + read
      if (buffer.subarray(0, end).includes(needle)) return true
      kept = Math.min(needle.length - 1, end)
      buffer.copyWithin(0, end - kept, end)
    }
  } finally {
    closeSync(file)
  }
}
