/**
 * Which devices ONNX Runtime can use on which platform, as onnxruntime-node 1.30 is shipped there; known without loading
 * it. A device that is listed may still be absent: only a test tells.
 */
import type { DeviceId, DeviceInfo, DeviceReason } from '../../shared/devices.ts'
import { devices } from '../../shared/settings.ts'

export type Provider = Exclude<DeviceId, 'auto'>

/** By `${platform}-${arch}`. The first one is what 'auto' tries. */
const shipped: Record<string, readonly Provider[]> = {
  'linux-x64': ['webgpu'],
  'linux-arm64': [],
  'darwin-arm64': ['webgpu', 'coreml'],
  'win32-x64': ['dml', 'webgpu'],
  'win32-arm64': ['dml', 'webgpu'],
}
/** The provider is in the binary, but loads libraries of several hundred MB that are neither in the package nor shipped with it. */
const withoutLibraries: Record<string, readonly Provider[]> = { 'linux-x64': ['cuda'] }

const names: Record<DeviceId, string> = {
  cpu: 'CPU',
  auto: 'Automatic',
  webgpu: 'WebGPU',
  dml: 'DirectML',
  coreml: 'CoreML',
  cuda: 'CUDA',
}

/** What ONNX Runtime calls a provider in its profile. */
export const profileNames: Record<Provider, string> = {
  cpu: 'CPUExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
  dml: 'DmlExecutionProvider',
  coreml: 'CoreMLExecutionProvider',
  cuda: 'CUDAExecutionProvider',
}

export const thisPlatform = `${process.platform}-${process.arch}`

/** 'cpu' for 'auto' where nothing else is shipped. */
export const providerOf = (device: DeviceId, platform = thisPlatform): Provider =>
  device === 'auto' ? (shipped[platform]?.[0] ?? 'cpu') : device

/** Why a provider cannot be had on a platform at all; null when it may be. */
export function missingProvider(provider: Provider, platform = thisPlatform): DeviceReason | null {
  if (provider === 'cpu' || shipped[platform]?.includes(provider)) return null
  return withoutLibraries[platform]?.includes(provider) ? 'not-bundled' : 'not-built'
}

/** `known`: what tests of this computer have shown. */
export function listDevices(
  known: (provider: Provider) => DeviceReason | null,
  platform = thisPlatform,
): DeviceInfo[] {
  return devices.map((id) => {
    const provider = providerOf(id, platform)
    // Automatic always ends somewhere: on the CPU at worst.
    const reason = id === 'auto' ? null : (missingProvider(provider, platform) ?? known(provider))
    return {
      id,
      name: names[id],
      available: reason === null,
      reason,
      standsFor: id === 'auto' ? provider : null,
    }
  })
}
