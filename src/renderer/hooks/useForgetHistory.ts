import { useQueryClient } from '@tanstack/react-query'
import { useEngine } from './engine.ts'

export function useForgetHistory(): () => Promise<void> {
  const { calls, queries } = useEngine()
  const cache = useQueryClient()
  return async () => {
    await calls.search.forgetHistory()
    await cache.invalidateQueries({ queryKey: queries.search.history.key() })
  }
}
