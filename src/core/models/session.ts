/**
 * One ONNX graph in ONNX Runtime: opened on the wanted device or, said aloud, on the CPU; fed with token ids.
 * Runs inside the inference thread only: `session.run` blocks its thread. The only file that imports onnxruntime-node,
 * and not before the first graph is opened.
 */
import { readFile } from 'node:fs/promises'
import type { InferenceSession } from 'onnxruntime-node'
import type { DeviceReason } from '../../shared/devices.ts'
import { AppError } from '../../shared/errors.ts'
import type { Provider } from './device-list.ts'
import { makeFeeds, planInputs, type RowLayout, type TokenRows } from './feeds.ts'
import { toFloat32 } from './half.ts'
import { startProfile, type Profile } from './profile.ts'

export interface GraphSpec extends RowLayout {
  /** Path of the .onnx file. */
  graph: string
  /** Files of shared weights: the name inside the graph, and where it lies. */
  externalData: { path: string; file: string }[]
  threads: number
  device: Provider
  /** Counts which provider runs each node, in a file in this folder; costs speed until `endProfile`. */
  profile?: string | undefined
  /** Whether the caller knows which task to ask for, where the graph takes one. */
  tasks: boolean
}

/** Why another device than the wanted one is used. */
export interface Fallback {
  reason: DeviceReason
  /** In English, as a driver's own error. */
  detail: string | null
}

export interface Graph {
  /** What was opened: the device that was asked for, 'cpu' after a fall back. */
  readonly provider: Provider
  readonly fallback: Fallback | null
  /** Version of ONNX Runtime. */
  readonly runtime: string
  readonly inputs: readonly string[]
  readonly outputs: readonly { name: string; rank: number; width: number | null }[]
  /** Rows of ids padded to `length`. Returns the named output, its data and shape. */
  run(
    rows: TokenRows,
    length: number,
    output: string,
  ): Promise<{ data: Float32Array; dims: readonly number[] }>
  /** Nodes run per provider since the graph was opened; null for one that is not profiled. */
  endProfile(): Promise<Record<string, number> | null>
  close(): Promise<void>
}

/** Such errors begin with places in the source of ONNX Runtime and end with what went wrong. */
const tailOf = (text: string): string => {
  const plain = text.trim().replace(/\s+/g, ' ')
  return plain.length > 200 ? `…${plain.slice(-200)}` : plain
}

/** y = x + x. Where this cannot be opened either it is the device, not the model. */
const smallestGraph = Buffer.from(
  'CAg6NQoOCgF4CgF4EgF5IgNBZGQSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgIQDQ==',
  'base64',
)

const sessionOptions = (
  spec: GraphSpec,
  provider: Provider,
  externalData: { path: string; data: Uint8Array }[],
  profile: Profile | null,
) => ({
  executionProviders: [provider],
  intraOpNumThreads: spec.threads,
  interOpNumThreads: 1,
  executionMode: 'sequential' as const,
  graphOptimizationLevel: 'all' as const,
  // Lengths differ from batch to batch: a plan made for one shape is of no use to the next.
  enableMemPattern: false,
  logSeverityLevel: 3 as const,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
  ...(externalData.length > 0 ? { externalData } : {}),
  ...profile?.options,
})

/** Throws 'model-invalid' for a graph that cannot be opened or asks for inputs nobody here can give. */
export async function openGraph(spec: GraphSpec): Promise<Graph> {
  const ort = await import('onnxruntime-node')
  const externalData = await Promise.all(
    spec.externalData.map(async ({ path, file }) => ({ path, data: new Uint8Array(await readFile(file)) })),
  )
  const profile = spec.profile === undefined ? null : await startProfile(spec.profile)
  const create = (provider: Provider): Promise<InferenceSession> =>
    ort.InferenceSession.create(spec.graph, sessionOptions(spec, provider, externalData, profile))
  let provider = spec.device
  let fallback: Fallback | null = null
  let session: InferenceSession | null = null
  if (provider !== 'cpu') {
    // A provider missing from this build would be dropped silently; one without a device rejects.
    const backend = ort.listSupportedBackends().find(({ name }) => name === provider)
    if (!backend?.bundled) fallback = { reason: backend ? 'not-bundled' : 'not-built', detail: null }
    else {
      try {
        session = await create(provider)
      } catch (error) {
        const there = await ort.InferenceSession.create(smallestGraph, {
          executionProviders: [provider],
        }).then(
          (small) => small.release().then(() => true),
          () => false,
        )
        fallback = { reason: there ? 'failed' : 'no-device', detail: tailOf(String(error)) }
      }
    }
  }
  if (!session) {
    provider = 'cpu'
    try {
      session = await create('cpu')
    } catch (error) {
      await profile?.discard()
      throw new AppError('model-invalid', `the graph cannot be opened: ${String(error).slice(0, 400)}`, {
        cause: error,
        data: { problem: 'graph' },
      })
    }
  }

  let inputs: ReturnType<typeof planInputs>
  try {
    inputs = planInputs(session.inputMetadata, spec)
  } catch (error) {
    await session.release()
    await profile?.discard()
    throw error
  }
  const outputs = session.outputMetadata.flatMap((output) => {
    if (!output.isTensor || (output.type !== 'float32' && output.type !== 'float16')) return []
    const width = output.shape.at(-1)
    return [{ name: output.name, rank: output.shape.length, width: typeof width === 'number' ? width : null }]
  })

  const open = session
  return {
    provider,
    fallback,
    runtime: ort.env.versions.node ?? ort.env.versions.common,
    inputs: inputs.map(({ name }) => name),
    outputs,
    async run(rows, length, output) {
      const feeds = makeFeeds(ort.Tensor, inputs, rows, length, spec)
      const result = (await open.run(feeds, [output]))[output]!
      return { data: toFloat32(result.data as Float32Array), dims: result.dims }
    },
    endProfile: async () => profile && profile.nodes(() => open.endProfiling()),
    async close() {
      await open.release()
      await profile?.discard()
    },
  }
}
