/** A Host that can only fork extractor processes: the real entry, or one of a test's own. */
import { fork } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Host } from '../../../src/core/host.ts'

const here = dirname(fileURLToPath(import.meta.url))
export const pdfResources = join(here, '../../../node_modules/pdfjs-dist')
const realEntry = join(here, '../../../src/core/processes/extractor.ts')

export interface ForkHost extends Host {
  /** Every process started, oldest first. */
  readonly pids: number[]
}

export function forkHost(entry = realEntry): ForkHost {
  const pids: number[] = []
  return {
    pids,
    resources: { models: '', pdf: pdfResources },
    spawnThread: () => {
      throw new Error('this host has no threads')
    },
    async spawnProcess() {
      const child = fork(entry, [], {
        serialization: 'advanced',
        execArgv: [],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      if (child.pid) pids.push(child.pid)
      return {
        pid: child.pid,
        send: (message) => void (child.connected && child.send(message as object)),
        onMessage: (listener) => void child.on('message', listener),
        onExit: (listener) => void child.once('exit', (code) => listener(code)),
        kill: () => void child.kill('SIGKILL'),
      }
    },
  }
}
