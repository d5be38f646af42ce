/** What the models can run on, and a test of one device. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { DeviceId, DeviceInfo, DeviceTest } from '../../shared/devices.ts'
import { useEngine } from './engine.ts'

export function useDevices(): DeviceInfo[] {
  const { queries } = useEngine()
  return useQuery(queries.devices.list.queryOptions({ input: {} })).data?.devices ?? []
}

export function useDeviceTest(device: DeviceId): {
  report: DeviceTest | null
  error: unknown
  isRunning: boolean
  run(): void
} {
  const { calls, queries } = useEngine()
  const cache = useQueryClient()
  const { data, error, isPending, mutate } = useMutation({
    mutationFn: () => calls.devices.test({ device }),
    onSettled: () => void cache.invalidateQueries({ queryKey: queries.devices.list.key() }),
  })
  return { report: data ?? null, error, isRunning: isPending, run: () => mutate() }
}
