/** What the taskbar shows of the engine's work: a reindex before the reading of files, and nothing while paused. */
import type { Status } from '../shared/status.ts'

/** Share done, 0 to 1; -1 when there is nothing to show. */
export function progressOf({ ingest, reindex }: Pick<Status, 'ingest' | 'reindex'>): number {
  if (reindex?.state === 'building' && reindex.documentsTotal > 0)
    return reindex.documentsDone / reindex.documentsTotal
  if (ingest && !ingest.paused && ingest.total > 0) return ingest.done / ingest.total
  return -1
}
