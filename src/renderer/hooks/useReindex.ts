/** Another index: what it would take, and how it compares with the one in use. */
import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { EstimateRequest, TrialStep } from '../../shared/reindex.ts'
import { AppError } from '../../shared/errors.ts'
import { asAppError } from '../client.ts'
import { useEngine } from './engine.ts'

/** Measured anew each time it is asked; leaving the question ends the call. */
export function useEstimate(request: EstimateRequest) {
  const { queries } = useEngine()
  return useQuery(
    queries.reindex.estimate.queryOptions({ input: request, retry: false, gcTime: 0, staleTime: Infinity }),
  )
}

/** Both orders of the documents for one question, while a new index waits to be compared. */
export function useCompare(query: string) {
  const { queries } = useEngine()
  return useQuery(
    queries.reindex.compare.queryOptions({
      input: { query },
      enabled: query.trim() !== '',
      retry: false,
      gcTime: 0,
      // A switch makes everything stale, and leaves nothing to compare.
      staleTime: 'static',
    }),
  )
}

export interface Trial {
  step: TrialStep | null
  error: AppError | null
  isRunning: boolean
  /** Without `queries`: the person's recent searches. A trial that runs is given up. */
  run(queries?: string[]): void
  stop(): void
}

export function useTrial(embeddingModel: string, documents: number): Trial {
  const { calls } = useEngine()
  const [step, setStep] = useState<TrialStep | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [isRunning, setRunning] = useState(false)
  const running = useRef<AbortController | null>(null)

  const stop = useCallback(() => {
    running.current?.abort(new AppError('cancelled', 'the trial was given up'))
    running.current = null
    setRunning(false)
  }, [])

  const run = useCallback(
    (queries?: string[]) => {
      stop()
      const controller = new AbortController()
      running.current = controller
      setStep(null)
      setError(null)
      setRunning(true)
      void follow(controller.signal)

      async function follow(signal: AbortSignal): Promise<void> {
        try {
          const request = { embeddingModel, documents, ...(queries ? { queries } : {}) }
          for await (const one of await calls.reindex.trial(request, { signal })) {
            if (signal.aborted) return
            setStep(one)
          }
        } catch (cause) {
          if (!signal.aborted) setError(asAppError(cause))
        } finally {
          if (!signal.aborted) setRunning(false)
        }
      }
    },
    [calls, embeddingModel, documents, stop],
  )

  useEffect(() => stop, [stop])
  return { step, error, isRunning, run, stop }
}
