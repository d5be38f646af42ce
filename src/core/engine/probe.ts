/** Runs a probe in a process of its own; that it crashed or hung is what was found. */
import { AppError } from '../../shared/errors.ts'
import type { ChildHandle, Host } from '../host.ts'
import type { Findings } from '../models/device-gate.ts'
import { connectChild } from '../processes/child.ts'
import type { ProbeRequest, ProberJobs } from '../prober.ts'

/** Reading a model of 2 GB and compiling its shaders takes a minute on a slow computer. */
export const probeLimitMs = 180_000

export interface Probe {
  /** null: it was closed meanwhile. */
  run(request: ProbeRequest): Promise<Findings | null>
  close(): void
}

export function createProbe(host: Pick<Host, 'spawnProcess'>, limitMs = probeLimitMs): Probe {
  const children = new Set<ChildHandle>()
  let closed = false
  return {
    async run(request) {
      const nothing = { nodes: {}, worstCosine: null, textsPerSecond: null, cpuTextsPerSecond: null }
      const child = await host.spawnProcess('prober')
      children.add(child)
      const client = connectChild<ProberJobs>(child, 'prober')
      let hung = false
      const timer = setTimeout(() => {
        hung = true
        child.kill()
      }, limitMs)
      if (closed) child.kill()
      try {
        return await client.call.probe(request)
      } catch (error) {
        if (closed) return null
        if (hung) return { ...nothing, reason: 'hung', detail: `no answer within ${limitMs / 1000} s` }
        const message = error instanceof Error ? error.message : String(error)
        const reason = error instanceof AppError && error.code === 'unavailable' ? 'crashed' : 'failed'
        return { ...nothing, reason, detail: message.slice(0, 300) }
      } finally {
        clearTimeout(timer)
        children.delete(child)
        child.kill()
      }
    },
    close() {
      closed = true
      for (const child of children) child.kill()
    },
  }
}
