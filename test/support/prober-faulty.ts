/**
 * A prober process with a fault, given as its argument. Its "device" is the CPU under another name, so that it is at hand
 * everywhere; what the fault does to the numbers is then all that differs.
 */
import { connectParent } from '../../src/core/processes/parent.ts'
import { serveParent } from '../../src/core/processes/child.ts'
import { createProcessHost } from '../../src/core/processes/process-host.ts'
import { createProber } from '../../src/core/prober.ts'
import { startInference, type Inference } from '../../src/core/models/inference.ts'
import { profileNames } from '../../src/core/models/device-list.ts'
import { AppError } from '../../src/shared/errors.ts'

export const faults = [
  'none',
  'wrong',
  'slightly-wrong',
  'not-finite',
  'nothing-runs',
  'crashes',
  'hangs',
] as const
export type Fault = (typeof faults)[number]

const fault = process.argv[2] as Fault

const bend: Partial<Record<Fault, (value: number, at: number) => number>> = {
  // As a kernel that reads beyond its rows.
  wrong: (value, at) => (at % 7 === 0 ? -value : value),
  // As other kernels do.
  'slightly-wrong': (value, at) => value * (1 + (at % 2 === 0 ? 1e-4 : -1e-4)),
}

function withFault(inference: Inference): Inference {
  return {
    ...inference,
    async open(spec) {
      const provider = spec.graph.device
      if (provider === 'cpu') return inference.open(spec)
      if (fault === 'crashes') process.kill(process.pid, 'SIGSEGV')
      // Blocks the whole process, as a driver does that never answers.
      if (fault === 'hangs') for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
      const open = await inference.open({ ...spec, graph: { ...spec.graph, device: 'cpu' } })
      const change = (numbers: Float32Array) => {
        if (fault === 'not-finite')
          throw new AppError('model-invalid', 'not numbers', { data: { problem: 'not-finite' } })
        return numbers.map(bend[fault] ?? ((value) => value))
      }
      return {
        ...open,
        opened: { ...open.opened, provider },
        embed: async (...rows) => change(await open.embed(...rows)),
        score: async (...rows) => change(await open.score(...rows)),
        async endProfile() {
          const nodes = await open.endProfile()
          return fault === 'nothing-runs' ? nodes : { [profileNames[provider]]: nodes[profileNames.cpu]! }
        },
      }
    },
  }
}

const parent = connectParent()
parent.onDisconnect(() => process.exit(0))
serveParent(parent, () =>
  createProber(createProcessHost(), (host, options) => withFault(startInference(host, options))),
)
