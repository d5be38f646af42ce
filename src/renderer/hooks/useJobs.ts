/** Reading files and building an index: pause, go on, stop, and which index answers. */
import { useMemo } from 'react'
import { useEngine } from './engine.ts'

export function useJobs() {
  const { calls } = useEngine()
  return useMemo(
    () => ({
      pause: () => calls.ingest.pause(),
      resume: () => calls.ingest.resume(),
      cancel: () => calls.ingest.cancel(),
      startReindex: () => calls.reindex.start(),
      pauseReindex: () => calls.reindex.pause(),
      resumeReindex: () => calls.reindex.resume(),
      cancelReindex: () => calls.reindex.cancel(),
      switchReindex: () => calls.reindex.switch(),
      rollback: () => calls.reindex.rollback(),
      dropFormer: () => calls.reindex.dropFormer(),
    }),
    [calls],
  )
}
