/** The progress of indexing or of a reindex, on the window's icon [RE4]. */
import { BrowserWindow } from 'electron'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineLink } from './engine-link.ts'
import { progressOf } from './progress.ts'

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

function show(progress: number): void {
  for (const window of BrowserWindow.getAllWindows()) window.setProgressBar(progress)
}
