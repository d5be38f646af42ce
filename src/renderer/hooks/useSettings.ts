/** The person's choices, and how to change them. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { Settings, SettingsPatch } from '../../shared/settings.ts'
import { useEngine } from './engine.ts'

export function useSettings(): Settings | undefined {
  const { queries } = useEngine()
  return useQuery(queries.settings.get.queryOptions({ input: {} })).data
}

export function useUpdateSettings(): (patch: SettingsPatch) => Promise<{ reindexStarted: boolean }> {
  const { calls, queries } = useEngine()
  const cache = useQueryClient()
  return useCallback(
    async (patch) => {
      const { settings, reindexStarted } = await calls.settings.update(patch)
      cache.setQueryData(queries.settings.get.queryKey({ input: {} }), settings)
      return { reindexStarted }
    },
    [calls, queries, cache],
  )
}
