/** The progress of indexing or of a reindex, on the window's icon [RE4]. */
import { BrowserWindow } from 'electron'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Status } from '../shared/status.ts'
import type { EngineLink } from './engine-link.ts'

const retryMs = 1_000

export function showProgressInTaskbar(engine: EngineLink): void {
  void follow()

  async function follow(): Promise<void> {
    for (;;) {
      try {
        const { client } = await engine.ready()
        for await (const event of await client.system.events()) {
          if (event.type === 'status') show(progressOf(event.status))
        }
      } catch {
        // The engine is being started again.
      }
      if (BrowserWindow.getAllWindows().length === 0) return
      show(-1)
      await sleep(retryMs)
    }
  }
}

/** Share done, 0 to 1; -1 when there is nothing to show. */
export function progressOf({ ingest, reindex }: Pick<Status, 'ingest' | 'reindex'>): number {
  if (reindex?.state === 'building' && reindex.documentsTotal > 0)
    return reindex.documentsDone / reindex.documentsTotal
  if (ingest && !ingest.paused && ingest.total > 0) return ingest.done / ingest.total
  return -1
}

function show(progress: number): void {
  for (const window of BrowserWindow.getAllWindows()) window.setProgressBar(progress)
}
