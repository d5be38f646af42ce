import { useMutation } from '@tanstack/react-query'
import type { DoctorReport } from '../../shared/status.ts'
import { useEngine } from './engine.ts'

export function useDoctor(): {
  report: DoctorReport | null
  error: unknown
  isRunning: boolean
  run(): void
} {
  const { calls } = useEngine()
  const { data, error, isPending, mutate } = useMutation({ mutationFn: () => calls.system.doctor() })
  return { report: data ?? null, error, isRunning: isPending, run: () => mutate() }
}
