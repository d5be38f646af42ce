/** How far the work on files and a reindex got, from what the indexer reports and what the library counts [RE4]. */
import type { ReindexStatus, Status } from '../../shared/status.ts'
import type { AppError } from '../../shared/errors.ts'
import type { IndexerProgress } from '../indexer.ts'
import type { Target } from '../store/library/rows.ts'
import { createRate } from './rate.ts'

export interface Progress {
  record(progress: IndexerProgress): void
  idle(error: AppError | null): void
  ingest(now: { waiting: number; current: string[]; paused: boolean }): Status['ingest']
  reindex(building: {
    target: Target
    embedOnly: boolean
    done: number
    total: number
    chunks: number
  }): ReindexStatus
}

export function createProgress(): Progress {
  const chunkRate = createRate()
  const fileRate = createRate()
  const fillRate = createRate()
  const fillTexts = createRate()
  /** Files finished since there was last nothing to do. */
  let done = 0
  /** Why the build does not go on, where that could not be written down. */
  let stalled: { targetId: number; error: { code: string; message: string } } | null = null
  let filling: { targetId: number; done: number } | null = null

  return {
    record(progress) {
      if (progress.type === 'ingested') {
        done += progress.documents
        chunkRate.add(progress.chunks)
        fileRate.add(progress.documents)
      }
      if (progress.type === 'filled') {
        if (filling?.targetId !== progress.targetId) {
          fillRate.reset()
          fillTexts.reset()
        }
        fillRate.add(progress.step.chunks)
        fillTexts.add(Math.max(0, progress.step.done - (filling?.done ?? progress.step.done)))
        filling = { targetId: progress.targetId, done: progress.step.done }
        stalled = null
      }
      if (progress.type === 'switched') filling = null
      if (progress.type === 'stalled') stalled = progress
    },

    idle() {
      done = 0
      chunkRate.reset()
      fileRate.reset()
    },

    ingest({ waiting, current, paused }) {
      if (waiting === 0) return null
      const filesPerSecond = paused ? null : fileRate.perSecond()
      return {
        paused,
        done,
        total: done + waiting,
        current,
        chunksPerSecond: paused ? null : chunkRate.perSecond(),
        filesPerSecond,
        secondsLeft: filesPerSecond ? waiting / filesPerSecond : null,
      }
    },

    reindex({ target, embedOnly, done, total, chunks }) {
      const failure = stalled?.targetId === target.id ? stalled.error : null
      const running = target.state === 'building' && failure === null
      const textsPerSecond = running ? fillTexts.perSecond() : null
      return {
        state: failure !== null ? 'failed' : target.state === 'ready' ? 'building' : target.state,
        embeddingModel: target.modelId,
        strategy: target.chunking.strategy,
        documentsDone: done,
        documentsTotal: total,
        chunksDone: chunks,
        chunksPerSecond: running ? fillRate.perSecond() : null,
        secondsLeft: textsPerSecond ? (total - done) / textsPerSecond : null,
        error: failure?.message ?? target.error,
        errorCode: (failure?.code ?? target.errorCode) as ReindexStatus['errorCode'],
        embedOnly,
        reusedVectors: target.reused,
        waitingFor: target.state === 'complete' ? 'person' : null,
      }
    },
  }
}
