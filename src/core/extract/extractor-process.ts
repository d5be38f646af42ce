/** What the extractor process does with its messages: one file after the other, each under the watch [EX3]. */
import type { ParentHandle } from '../host.ts'
import type { ExtractOptions } from './extract.ts'
import type { FromExtractor, ToExtractor } from './protocol.ts'
import type { ExtractResult } from './types.ts'
import { startWatch, type Watch } from './watch.ts'

/** `extract` is passed in so that a test can serve one that hangs or eats memory. */
export function serveExtractor(
  parent: ParentHandle,
  extract: (options: ExtractOptions) => Promise<ExtractResult>,
  leave: () => void,
): void {
  const send = (message: FromExtractor) => parent.send(message)
  let watch: Watch | null = null
  let resources = { pdf: '' }
  let last: Promise<void> = Promise.resolve()
  parent.onDisconnect(leave)
  parent.onMessage((raw) => {
    const message = raw as ToExtractor
    if (message.type === 'start') {
      watch = startWatch(message.watch)
      resources = message.resources
      send({ type: 'ready' })
    }
    if (message.type === 'extract') last = last.then(() => run(message))
  })

  async function run({ id, path, kindHint }: Extract<ToExtractor, { type: 'extract' }>): Promise<void> {
    send({ type: 'began', id })
    watch?.begin(id)
    let result: ExtractResult
    try {
      result = await extract({ path, kindHint, resources, onProgress: () => watch?.progress() })
    } catch (error) {
      // A fault of ours, not of the file; still it must stop no other [DA2].
      const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      result = { ok: false, reason: { code: 'crashed', data: { detail: detail.slice(0, 300) } } }
    } finally {
      watch?.end()
    }
    send({ type: 'done', id, result, rssBytes: process.memoryUsage.rss() })
  }
}
