/** Watches the linked folders and looks again when something in them changed, or a drive came or went [DA6]. */
import { watchFolder, type FolderWatch as Watcher } from '../files/watch.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'

const settleMs = 1_500
/** Watching misses things (network shares, full queues); a look every so often does not. */
const rescanMs = 15 * 60_000

export interface FolderWatch {
  /** The list of folders changed. */
  refresh(): Promise<void>
  close(): Promise<void>
}

export function createFolderWatch(options: {
  library: Remote<LibraryJobs>
  enabled: boolean
  rescan(): Promise<void>
}): FolderWatch {
  const watchers = new Map<string, Watcher>()
  let closed = false
  let settle: NodeJS.Timeout | null = null
  let scanning: Promise<void> | null = null
  let again = false

  function scan(): void {
    if (closed) return
    if (scanning) {
      again = true
      return
    }
    scanning = options
      .rescan()
      .catch(() => {
        // A folder that cannot be read now is read the next time; its documents keep their state.
      })
      .finally(() => {
        scanning = null
        if (!again) return
        again = false
        scan()
      })
  }

  function changed(): void {
    if (settle) clearTimeout(settle)
    settle = setTimeout(scan, settleMs)
  }

  const timer = options.enabled ? setInterval(scan, rescanMs) : null
  timer?.unref()

  return {
    async refresh() {
      if (!options.enabled || closed) return
      const wanted = new Set(
        (await options.library.sourceRows(undefined))
          .filter((source) => source.kind === 'folder' && source.connected === 1)
          .map((source) => source.path),
      )
      for (const [path, watcher] of watchers) {
        if (wanted.has(path)) continue
        watchers.delete(path)
        await watcher.close()
      }
      for (const path of wanted) if (!watchers.has(path)) watchers.set(path, watchFolder(path, changed))
    },
    async close() {
      closed = true
      if (timer) clearInterval(timer)
      if (settle) clearTimeout(settle)
      await Promise.all([...watchers.values()].map((watcher) => watcher.close()))
      await scanning
    },
  }
}
