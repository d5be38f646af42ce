/** Runs a probe in a process of its own; that it crashed or hung is what was found. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../shared/errors.ts'
import type { ChildHandle, Host } from '../host.ts'
import { noFindings, type Findings } from '../models/device-gate.ts'
import { connectChild } from '../processes/child.ts'
import type { ProbeRequest, ProberJobs } from '../prober.ts'

/** Reading a model of 2 GB and compiling its shaders takes a minute on a slow computer. */
export const probeLimitMs = 180_000

const exitLimitMs = 5_000

export interface Probe {
  /** null: it was closed meanwhile. */
  run(request: Omit<ProbeRequest, 'folder'>): Promise<Findings | null>
  close(): void
}

export function createProbe(host: Pick<Host, 'spawnProcess'>, limitMs = probeLimitMs): Probe {
  const children = new Set<ChildHandle>()
  let closed = false
  return {
    async run(request) {
      const folder = await mkdtemp(join(tmpdir(), 'manifold-probe-'))
      const child = await host.spawnProcess('prober')
      children.add(child)
      const gone = new Promise<void>((resolve) => child.onExit(() => resolve()))
      const client = connectChild<ProberJobs>(child, 'prober')
      let hung = false
      const timer = setTimeout(() => {
        hung = true
        child.kill()
      }, limitMs)
      if (closed) child.kill()
      try {
        return await client.call.probe({ ...request, folder })
      } catch (error) {
        if (closed) return null
        if (hung) return noFindings('hung', `no answer within ${limitMs / 1000} s`)
        const message = error instanceof Error ? error.message : String(error)
        const reason = error instanceof AppError && error.code === 'unavailable' ? 'crashed' : 'failed'
        return noFindings(reason, message.slice(0, 300))
      } finally {
        clearTimeout(timer)
        children.delete(child)
        child.kill()
        // A process that still lives could write into it.
        await Promise.race([gone, sleep(exitLimitMs, undefined, { ref: false })])
        await rm(folder, { recursive: true, force: true }).catch(() => {})
      }
    },
    close() {
      closed = true
      for (const child of children) child.kill()
    },
  }
}
