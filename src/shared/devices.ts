/** What a model can run on, and what a test of a device showed [MO5]. */
import { z } from 'zod'
import { devices } from './settings.ts'

export const DeviceId = z.enum(devices)
export type DeviceId = z.infer<typeof DeviceId>

/**
 * Why a device is not used. not-built: ONNX Runtime for this platform has no such provider. not-bundled: it has, but the
 * libraries it needs are not shipped. no-device: the provider found nothing to run on, or no driver. nothing-ran: it was
 * opened, and every node ran on the CPU. not-finite, differs: its numbers are none, or not the CPU's. slower: of
 * 'auto' only. hung, crashed: the test did, or the work. refused: it crashed or hung three times within a week, and is
 * not tried again until somebody tests it. failed: anything else, as a graph that cannot be run there. testing: not known
 * yet; the CPU answers meanwhile.
 */
export const deviceReasons = [
  'not-built',
  'not-bundled',
  'no-device',
  'nothing-ran',
  'not-finite',
  'differs',
  'slower',
  'hung',
  'crashed',
  'refused',
  'failed',
  'testing',
] as const
export const DeviceReason = z.enum(deviceReasons)
export type DeviceReason = z.infer<typeof DeviceReason>

export const DeviceInfo = z.object({
  id: DeviceId,
  /** As the maker names it: 'WebGPU', 'DirectML'. */
  name: z.string(),
  /** False only where it is known not to work here; a device that was never tested may still turn out to be none. */
  available: z.boolean(),
  reason: DeviceReason.nullable(),
  /** What `auto` stands for on this computer; null for the others. */
  standsFor: DeviceId.nullable(),
})
export type DeviceInfo = z.infer<typeof DeviceInfo>

export const DeviceTest = z.object({
  device: DeviceId,
  modelId: z.string(),
  /** What the model's nodes ran on: 'webgpu' where at least one did, else 'cpu'. */
  provider: z.string(),
  /** Why another device than the wanted one is used, once it is chosen; null when it is used. */
  fallback: DeviceReason.nullable(),
  /** Nodes run per provider by ONNX Runtime's own profile, as { WebGpuExecutionProvider: 12, CPUExecutionProvider: 3 }. */
  nodes: z.record(z.string(), z.number().int()),
  /** Lowest cosine between a text's vector here and on the CPU; rerankers: 1 less the largest difference of a score. null: none came. */
  worstCosine: z.number().nullable(),
  textsPerSecond: z.number().nullable(),
  cpuTextsPerSecond: z.number().nullable(),
  accepted: z.boolean(),
  reason: DeviceReason.nullable(),
  /** What was said of it, in English, as a driver's own error; null when there is nothing to say. */
  detail: z.string().nullable(),
  measuredAt: z.string(),
})
export type DeviceTest = z.infer<typeof DeviceTest>
