/** What the reader needs of one document and one passage. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEngine } from './engine.ts'

export function useDocument(id: number) {
  const { queries } = useEngine()
  return useQuery(queries.documents.get.queryOptions({ input: { id }, retry: false }))
}

export function useContent(id: number, enabled: boolean) {
  const { queries } = useEngine()
  return useQuery(
    queries.documents.content.queryOptions({ input: { id }, enabled, staleTime: 60_000, retry: false }),
  )
}

export function useLocation(documentId: number, chunkId: number | null) {
  const { queries } = useEngine()
  return useQuery(
    queries.search.locate.queryOptions({
      input: { documentId, chunkId: chunkId ?? 0 },
      enabled: chunkId !== null,
      staleTime: 60_000,
      retry: false,
    }),
  )
}

/** A fresh signed address each time a PDF is opened; they do not last. */
export function useAddress() {
  const { calls } = useEngine()
  return (id: number) => calls.documents.address({ id })
}

export function useNeighbours(chunkId: number, before: number, after: number, enabled: boolean) {
  const { queries } = useEngine()
  return useQuery(
    queries.search.neighbours.queryOptions({
      input: { chunkId, before, after },
      enabled,
      retry: false,
      placeholderData: keepPreviousData,
    }),
  )
}

/** The person's recent searches; undefined until they are known. */
export function useHistory(enabled = true): string[] | undefined {
  const { queries } = useEngine()
  return useQuery(queries.search.history.queryOptions({ input: {}, enabled })).data?.queries
}
