/** Passages a second as last measured in this window, or null: nothing was measured, so nothing is claimed. */
import { useEffect } from 'react'
import { useStatus } from './useStatus.ts'

const storageKey = 'manifold.rate'

/** Kept across pages by whoever is always there. */
export function useRateMemory(): void {
  const status = useStatus()
  const rate = status?.reindex?.chunksPerSecond ?? status?.ingest?.chunksPerSecond ?? null
  useEffect(() => {
    if (rate !== null && rate > 0) sessionStorage.setItem(storageKey, String(rate))
  }, [rate])
}

export function useMeasuredRate(): number | null {
  const status = useStatus()
  const now = status?.reindex?.chunksPerSecond ?? status?.ingest?.chunksPerSecond ?? null
  return now || Number(sessionStorage.getItem(storageKey)) || null
}
