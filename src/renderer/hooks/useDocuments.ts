/** Lists of documents, folders, tags and sources, and what can be done to them. */
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { DocumentQuery } from '../../shared/contract.ts'
import type { DocumentSummary } from '../../shared/document.ts'
import { useEngine } from './engine.ts'

const pageSize = 200

export function useDocumentList(query: Partial<DocumentQuery>) {
  const { queries } = useEngine()
  const found = useInfiniteQuery(
    queries.documents.list.infiniteOptions({
      input: (offset: number) => ({ ...query, limit: pageSize, offset }),
      initialPageParam: 0,
      getNextPageParam: (last, pages) => {
        const loaded = pages.reduce((sum, page) => sum + page.documents.length, 0)
        return last.documents.length > 0 && loaded < last.total ? loaded : undefined
      },
      placeholderData: keepPreviousData,
    }),
  )
  const documents = useMemo(() => found.data?.pages.flatMap((page) => page.documents) ?? [], [found.data])
  return { ...found, documents, total: found.data?.pages[0]?.total ?? 0 }
}

/** Everything that was not read, or not all of it. */
export function useProblems(enabled: boolean): DocumentSummary[] {
  const { queries } = useEngine()
  const found = useQuery(
    queries.documents.list.queryOptions({
      input: { statuses: ['failed', 'partial'], limit: 1000, sort: 'title', descending: false },
      enabled,
      placeholderData: keepPreviousData,
    }),
  )
  return found.data?.documents ?? []
}

export function useFolders(enabled = true) {
  const { queries } = useEngine()
  return useQuery(queries.documents.folders.queryOptions({ input: {}, enabled })).data?.folders ?? []
}

export function useTags(enabled = true) {
  const { queries } = useEngine()
  return useQuery(queries.documents.tags.queryOptions({ input: {}, enabled })).data?.tags ?? []
}

export function useSources() {
  const { queries } = useEngine()
  return useQuery(queries.sources.list.queryOptions({ input: {} })).data?.sources ?? []
}

export function useDocumentActions() {
  const { calls, queries } = useEngine()
  const cache = useQueryClient()
  return useMemo(() => {
    const changed = () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: queries.documents.key() }),
        cache.invalidateQueries({ queryKey: queries.sources.key() }),
      ])
    const then = async <Value>(work: Promise<Value>): Promise<Value> => {
      const value = await work
      void changed()
      return value
    }
    return {
      remove: (ids: number[]) => then(calls.documents.remove({ ids })),
      restore: (ids: number[]) => then(calls.documents.restore({ ids })),
      forget: (ids: number[]) => then(calls.documents.forget({ ids })),
      retry: (ids?: number[]) => then(calls.documents.retry(ids ? { ids } : {})),
      removeSource: (id: number) => then(calls.sources.remove({ id })),
    }
  }, [calls, queries, cache])
}
