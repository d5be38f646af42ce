/**
 * Tells that something changed in a folder, and finds out what. Watching is only a hint (network drives stay silent,
 * systems run out of watches), so the truth is the rescan, which compares size and time of change with what is known.
 */
import { relative, sep } from 'node:path'
import { watch } from 'chokidar'
import { isSkippedName, walk, type Refused, type WalkedFile, type WalkOptions } from './walk.ts'

export interface WatchFolderOptions {
  /** Quiet time before changes are told, so that a file being saved is told once. */
  quietMs?: number
  /** Changes are told at least this often while there is no quiet. */
  atMostMs?: number
  /** Watching failed in part or whole (no watches left, drive gone): rescan from time to time instead. */
  onError?: (error: Error) => void
}

export interface FolderWatch {
  /** Resolves when changes from now on are noticed. */
  readonly ready: Promise<void>
  close(): Promise<void>
}

/** `onChange` gets the paths that were added, changed or removed; null when that is not known and all may have. */
export function watchFolder(
  root: string,
  onChange: (paths: string[] | null) => void,
  { quietMs = 500, atMostMs = 5000, onError = () => {} }: WatchFolderOptions = {},
): FolderWatch {
  const changed = new Set<string>()
  let quiet: NodeJS.Timeout | undefined
  let latest: NodeJS.Timeout | undefined
  let closed = false

  function flush(): void {
    clearTimeout(quiet)
    clearTimeout(latest)
    latest = undefined
    if (closed || changed.size === 0) return
    const paths = [...changed]
    changed.clear()
    onChange(paths.length > 1000 ? null : paths)
  }

  function note(path: string): void {
    if (closed) return
    changed.add(path)
    clearTimeout(quiet)
    quiet = setTimeout(flush, quietMs)
    latest ??= setTimeout(flush, atMostMs)
  }

  const watcher = watch(root, {
    ignoreInitial: true,
    followSymlinks: false,
    ignorePermissionErrors: true,
    ignored: (path, stats) => {
      const below = relative(root, path)
      if (below === '' || below.startsWith('..')) return false
      // Above a file there are only folders; the last name's own kind may not be known yet.
      const names = below.split(sep)
      const last = names.pop()!
      return (
        names.some((name) => isSkippedName(name, true)) || isSkippedName(last, stats?.isDirectory() ?? false)
      )
    },
  })
  const ready = new Promise<void>((resolve) => void watcher.on('ready', () => resolve()))
  watcher.on('all', (_event, path) => note(path))
  // Without a listener this would end the process.
  watcher.on('error', (error) => {
    if (!closed) onError(error instanceof Error ? error : new Error(String(error)))
  })
  return {
    ready,
    async close() {
      closed = true
      clearTimeout(quiet)
      clearTimeout(latest)
      await watcher.close()
    },
  }
}

export interface KnownFile {
  sizeBytes: number
  mtimeMs: number
}

export interface Rescan {
  added: WalkedFile[]
  changed: WalkedFile[]
  /** Relative paths no longer there. */
  removed: string[]
  /** What could not be looked at; nothing below such a folder counts as removed [DA6]. */
  refused: Refused[]
}

/** Compares a folder with what is known of it, by relative path. */
export async function rescan(
  root: string,
  known: ReadonlyMap<string, KnownFile>,
  options: WalkOptions = {},
): Promise<Rescan> {
  const result: Rescan = { added: [], changed: [], removed: [], refused: [] }
  const seen = new Set<string>()
  for await (const file of walk(root, options)) {
    seen.add(file.relativePath)
    if (!file.ok) {
      result.refused.push(file)
      continue
    }
    const before = known.get(file.relativePath)
    if (!before) result.added.push(file)
    // Times lose digits on their way through databases and file systems.
    else if (before.sizeBytes !== file.sizeBytes || Math.abs(before.mtimeMs - file.mtimeMs) >= 2)
      result.changed.push(file)
  }
  const closed = result.refused.filter((one) => one.folder)
  if (closed.some((one) => one.path === root)) return result
  for (const path of known.keys()) {
    if (seen.has(path) || closed.some((one) => path.startsWith(`${one.relativePath}/`))) continue
    result.removed.push(path)
  }
  return result
}
