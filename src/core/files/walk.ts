/**
 * Which files a folder holds, for a person: no hidden or system files, no programs' own folders, nothing that a
 * .manifoldignore (gitignore's rules) names. A folder that cannot be read is reported and never stops the walk.
 * Symbolic links inside are not followed: they lead out of what the person chose, or in circles.
 */
import type { Stats } from 'node:fs'
import { lstat, readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { documentKinds, type DocumentKind, type ReasonCode } from '../../shared/document.ts'
import { AppError } from '../../shared/errors.ts'
import { kindOfName } from '../extract/kinds.ts'

export interface WalkedFile {
  ok: true
  path: string
  /** Relative to the root, with '/' on every system; the name itself where the root is a file. */
  relativePath: string
  kind: DocumentKind
  sizeBytes: number
  mtimeMs: number
}

export interface Refused {
  ok: false
  path: string
  relativePath: string
  /** True for a folder: then nothing is known of what it holds. */
  folder: boolean
  reason: Extract<ReasonCode, 'unreadable' | 'vanished' | 'online-only'>
}

export interface WalkOptions {
  signal?: AbortSignal | undefined
  /** Absolute folders left out: the library itself. */
  skip?: readonly string[]
}

export const ignoreFileName = '.manifoldignore'
const maxIgnoreBytes = 1_000_000
const maxDepth = 256

const skippedFolders = new Set([
  ...'node_modules bower_components __pycache__ __macosx lost+found $recycle.bin recycler found.000'.split(
    ' ',
  ),
  'system volume information',
])
const skippedFiles =
  /^(?:thumbs\.db|desktop\.ini|ehthumbs\.db|icon\r|~\$.*|.*\.(?:tmp|temp|crdownload|part|partial|download|swp|lock)|.*~)$/i
/** Folders that are one thing to the person. */
const bundles =
  /\.(?:app|bundle|framework|photoslibrary|musiclibrary|tvlibrary|imovielibrary|fcpbundle|pkg|xcodeproj|lrdata)$/i

/** By name alone; a watcher asks the same. */
export function isSkippedName(name: string, isFolder: boolean): boolean {
  if (name.startsWith('.')) return true
  return isFolder ? skippedFolders.has(name.toLowerCase()) || bundles.test(name) : skippedFiles.test(name)
}

interface Rules {
  /** '/'-ended path relative to the root, '' at the top. */
  base: string
  rules: Ignore
}

export async function* walk(
  root: string,
  { signal, skip = [] }: WalkOptions = {},
): AsyncGenerator<WalkedFile | Refused, void, undefined> {
  let top: Stats
  try {
    top = await stat(root)
  } catch (error) {
    yield refused(root, basename(root), true, error)
    return
  }
  if (top.isFile()) {
    yield walked(root, basename(root), top)
    return
  }
  if (!top.isDirectory()) return
  // Bind mounts can close a circle without any link.
  const seen = new Set<string>()
  const folders: { path: string; relative: string; depth: number; rules: readonly Rules[] }[] = [
    { path: root, relative: '', depth: 0, rules: [] },
  ]
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    if (signal?.aborted) throw new AppError('cancelled', 'cancelled')
    const { path, relative, depth } = folder
    let names
    try {
      const identity = await lstat(path, { bigint: true })
      const key = `${identity.dev}:${identity.ino}`
      // Some file systems have no inode numbers.
      if (identity.ino !== 0n && seen.has(key)) continue
      seen.add(key)
      names = await readdir(path, { withFileTypes: true })
    } catch (error) {
      yield refused(path, relative === '' ? basename(root) : relative.slice(0, -1), true, error)
      continue
    }
    const rules = await withOwnRules(
      folder.rules,
      path,
      relative,
      names.some((entry) => entry.name === ignoreFileName),
    )
    names.sort((a, b) => (a.name < b.name ? -1 : 1))
    const below: typeof folders = []
    for (const entry of names) {
      const entryPath = join(path, entry.name)
      const entryRelative = relative + entry.name
      const placeholder = /^\.(.+)\.icloud$/.exec(entry.name)?.[1]
      if (placeholder) {
        if (!isSkippedName(placeholder, false)) {
          yield {
            ok: false,
            path: join(path, placeholder),
            relativePath: relative + placeholder,
            folder: false,
            reason: 'online-only',
          }
        }
        continue
      }
      if (entry.isSymbolicLink()) continue
      let stats: Stats | null = null
      let isFolder = entry.isDirectory()
      let isFile = entry.isFile()
      try {
        // File systems that do not tell the type with the name.
        if (!isFolder && !isFile) {
          stats = await lstat(entryPath)
          isFolder = stats.isDirectory()
          isFile = stats.isFile()
        }
        if (!isFolder && !isFile) continue
        if (isFolder && skip.includes(entryPath)) continue
        if (isSkippedName(entry.name, isFolder) || isIgnored(rules, entryRelative, isFolder)) continue
        if (isFolder) {
          if (depth < maxDepth)
            below.push({ path: entryPath, relative: `${entryRelative}/`, depth: depth + 1, rules })
          continue
        }
        stats ??= await lstat(entryPath)
      } catch (error) {
        // Gone since the folder was listed: not there, so nothing to report.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !entry.name.includes('\ufffd')) continue
        yield refused(entryPath, entryRelative, isFolder, error)
        continue
      }
      yield isOnlineOnly(stats)
        ? { ok: false, path: entryPath, relativePath: entryRelative, folder: false, reason: 'online-only' }
        : walked(entryPath, entryRelative, stats)
    }
    folders.push(...below.reverse())
  }
}

const walked = (path: string, relativePath: string, stats: Stats): WalkedFile => ({
  ok: true,
  path,
  relativePath,
  kind: kindOfName(path),
  sizeBytes: stats.size,
  mtimeMs: stats.mtimeMs,
})

function refused(path: string, relativePath: string, folder: boolean, error: unknown): Refused {
  const code = (error as NodeJS.ErrnoException).code
  const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'vanished' : 'unreadable'
  return { ok: false, path, relativePath, folder, reason }
}

/** A file of iCloud whose bytes are not on this Mac has a size and no blocks; reading it would fetch it. */
const isOnlineOnly = (stats: Stats) => process.platform === 'darwin' && stats.size > 0 && stats.blocks === 0

async function withOwnRules(
  rules: readonly Rules[],
  path: string,
  base: string,
  has: boolean,
): Promise<readonly Rules[]> {
  if (!has) return rules
  try {
    const text = await readFile(join(path, ignoreFileName), 'utf8')
    if (text.length > maxIgnoreBytes) return rules
    return [...rules, { base, rules: ignore().add(text) }]
  } catch {
    return rules
  }
}

function isIgnored(rules: readonly Rules[], relative: string, isFolder: boolean): boolean {
  // The innermost file that has an opinion decides.
  for (const { base, rules: own } of rules.toReversed()) {
    const { ignored, unignored } = own.test(relative.slice(base.length) + (isFolder ? '/' : ''))
    if (ignored) return true
    if (unignored) return false
  }
  return false
}

export interface FileCounts {
  files: number
  sizeBytes: number
  byKind: Record<DocumentKind, number>
  refused: Refused[]
}

/** What a folder holds before anything is read. */
export async function countFiles(root: string, options: WalkOptions = {}): Promise<FileCounts> {
  const counts: FileCounts = {
    files: 0,
    sizeBytes: 0,
    byKind: Object.fromEntries(documentKinds.map((kind) => [kind, 0])) as Record<DocumentKind, number>,
    refused: [],
  }
  for await (const file of walk(root, options)) {
    if (!file.ok) {
      counts.refused.push(file)
      continue
    }
    counts.files++
    counts.sizeBytes += file.sizeBytes
    counts.byKind[file.kind]++
  }
  return counts
}
