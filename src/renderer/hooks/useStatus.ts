/** The engine's status: asked once, then kept up to date by its events. */
import { useQuery } from '@tanstack/react-query'
import type { Status } from '../../shared/status.ts'
import { useEngine } from './engine.ts'

export function useStatus(): Status | undefined {
  const { queries } = useEngine()
  return useQuery(queries.system.status.queryOptions({ input: {}, staleTime: Infinity })).data
}
