/** A host whose prober has a fault; everything else is real. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ChildHandle, Host } from '../../src/core/host.ts'
import { createNodeHost } from '../../src/core/node-host.ts'
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
      return forkProber(fault())
    },
  }
}

function forkProber(fault: Fault): ChildHandle {
  const child = fork(entry, [fault], { serialization: 'advanced', execArgv: [] })
  child.on('error', () => {})
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message as object)
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => void child.once('exit', (code) => listener(code)),
    kill: () => void child.kill('SIGKILL'),
  }
}
