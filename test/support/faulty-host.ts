/** A host whose prober has a fault; everything else is real. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Host } from '../../src/core/host.ts'
import { childHandle, createNodeHost } from '../../src/core/node-host.ts'
import type { Fault } from './prober-faulty.ts'

const entry = fileURLToPath(new URL('prober-faulty.ts', import.meta.url))

export function hostWithProber(fault: () => Fault): Host & { probers(): number } {
  const host = createNodeHost()
  let probers = 0
  return {
    ...host,
    probers: () => probers,
    spawnProcess: async (role, options) => {
      if (role !== 'prober') return host.spawnProcess(role, options)
      probers++
      return childHandle(fork(entry, [fault()], { serialization: 'advanced', execArgv: [] }))
    },
  }
}
