/** The models there are and could be, and what can be done with them. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { AppError } from '../../shared/errors.ts'
import type { CatalogEntry, PoolingMode } from '../../shared/models.ts'
import type { ModelInfo, SelfTestReport } from '../../shared/status.ts'
import { asAppError } from '../client.ts'
import { useEngine } from './engine.ts'

export function useModels(): ModelInfo[] | undefined {
  const { queries } = useEngine()
  return useQuery(queries.models.list.queryOptions({ input: {} })).data?.models
}

/** The list as it is now, not as it was when it was last shown. */
export function useModelsNow(): () => Promise<ModelInfo[]> {
  const { queries } = useEngine()
  const cache = useQueryClient()
  return useCallback(async () => {
    const options = queries.models.list.queryOptions({ input: {}, staleTime: 0 })
    await cache.cancelQueries({ queryKey: options.queryKey })
    return (await cache.fetchQuery(options)).models
  }, [queries, cache])
}

/** The name a person knows a model by; its id where it is not on the list any more. */
export function useModelName(): (id: string) => string {
  const models = useModels()
  return useCallback((id) => models?.find((model) => model.id === id)?.name ?? id, [models])
}

export function useCatalog(): { entries: CatalogEntry[]; error: unknown } {
  const { queries } = useEngine()
  const { data, error } = useQuery(queries.models.catalog.queryOptions({ input: {} }))
  return { entries: data?.entries ?? [], error }
}

/** Something is asked of the network right now. */
export const isOnline = ({ download }: CatalogEntry): boolean => download?.state === 'running'

export function useModelActions() {
  const { calls, queries, uploadModel } = useEngine()
  const cache = useQueryClient()
  return useMemo(() => {
    const then = async <Value>(work: Promise<Value>): Promise<Value> => {
      try {
        return await work
      } finally {
        void cache.invalidateQueries({ queryKey: queries.models.list.key() })
        void cache.invalidateQueries({ queryKey: queries.models.catalog.key() })
      }
    }
    return {
      download: (id: string) => then(calls.models.download({ id })),
      stop: (id: string) => then(calls.models.cancelDownload({ id })),
      discard: (id: string) => then(calls.models.discardDownload({ id })),
      remove: (id: string) => then(calls.models.remove({ id })),
      setPooling: (id: string, pooling: PoolingMode) => then(calls.models.setPooling({ id, pooling })),
      override: (id: string, on: boolean) => then(calls.models.override({ id, on })),
      upload: (file: File, signal: AbortSignal, onProgress: (share: number) => void) =>
        then(uploadModel({ file, signal, onProgress })),
      /** The desktop's own dialog; null when the person cancelled. */
      pick: async (kind: 'folder' | 'zip'): Promise<ModelInfo | null> => {
        const shell = window.manifold
        if (!shell) throw new AppError('internal', 'there is no desktop to ask')
        const answer = await then(shell.importModel(kind))
        if (answer && 'error' in answer) {
          const { code, message, data } = answer.error
          throw new AppError(code, message, { data })
        }
        return answer && answer.model
      },
    }
  }, [calls, queries, uploadModel, cache])
}

/** The last report of a model in this window, and how to test it. A test goes on when its page is left. */
export function useSelfTest(id: string) {
  const { calls, queries } = useEngine()
  const cache = useQueryClient()
  const { data, error, isPending, mutate } = useMutation({
    mutationKey: ['self-test', id],
    mutationFn: () => calls.models.test({ id }),
    onSuccess: (report) => {
      cache.setQueryData(reportKey(id), report)
      void cache.invalidateQueries({ queryKey: queries.models.list.key() })
    },
  })
  const kept = useQuery<SelfTestReport | null>({
    queryKey: reportKey(id),
    queryFn: () => null,
    enabled: false,
    gcTime: Infinity,
  }).data
  return {
    report: data ?? kept ?? null,
    error: error ? asAppError(error) : null,
    isRunning: isPending,
    run: () => mutate(),
  }
}

const reportKey = (id: string): string[] => ['self-test-report', id]
