/**
 * Looks at the live model's canary at every start and after every switch [MO3]: embeds the sentences kept with its vectors
 * and compares. Never in the way of a start: it is done beside it, and the status says what was found.
 */
import { AppError } from '../../shared/errors.ts'
import type { CanaryReport } from '../../shared/status.ts'
import type { ModelEmbedder } from '../embed/embedder.ts'
import { compareCanary, hasDrifted, makeCanary } from '../models/canary.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'

export type Canary = ReturnType<typeof createCanary>

export function createCanary({
  library,
  live,
  version,
  onChanged,
}: {
  library: Remote<LibraryJobs>
  /** The embedder of the live space; null while there is none. */
  live(): { modelId: string; embedder: ModelEmbedder } | null
  version: string
  onChanged(): void
}) {
  let found: { modelId: string; report: CanaryReport } | null = null
  let checking: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    const now = live()
    if (!now) return void (found = null)
    const { device } = await library.settings(undefined)
    const kept = await library.liveCanary(undefined)
    const fresh = await makeCanary(now.embedder, { device, version }, kept?.texts)
    // None is kept in files of an earlier version: what these vectors are now is what is compared from here on.
    if (!kept) await library.keepLiveCanary(fresh)
    found = { modelId: now.modelId, report: compareCanary(kept ?? fresh, fresh) }
    onChanged()
  }

  return {
    /** Looks again, after what is under way. Never rejects for what a start or an end may bring. */
    check(): Promise<void> {
      checking = checking.then(look).catch((error: unknown) => {
        // The engine is closing, or the files are being replaced: the next start looks again.
        if (!(error instanceof AppError)) throw error
      })
      return checking
    },
    /** For the status: only what the person must know. */
    drift: (): CanaryReport | null => (found && hasDrifted(found.report) ? found.report : null),
    /** For the model's page: the figure, also when all is well. */
    of: (modelId: string): CanaryReport | null => (found?.modelId === modelId ? found.report : null),
  }
}
