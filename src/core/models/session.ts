/**
 * One ONNX graph in ONNX Runtime: opened on the wanted device or, said aloud, on the CPU; fed with token ids.
 * Runs inside the inference thread only: `session.run` blocks its thread. The only file that imports onnxruntime-node,
 * and not before the first graph is opened.
 */
import { readFile } from 'node:fs/promises'
import type { InferenceSession } from 'onnxruntime-node'
import { AppError } from '../../shared/errors.ts'
import { makeFeeds, planInputs, type RowLayout, type TokenRows } from './feeds.ts'
import { toFloat32 } from './half.ts'

export interface GraphSpec extends RowLayout {
  /** Path of the .onnx file. */
  graph: string
  /** Files of shared weights: the name inside the graph, and where it lies. */
  externalData: { path: string; file: string }[]
  threads: number
  /** As in Settings.device. */
  device: string
  /** Whether the caller knows which task to ask for, where the graph takes one. */
  tasks: boolean
}

export interface Graph {
  /** What runs: the device that was created, 'cpu' after a fall back. */
  readonly provider: string
  /** Why the wanted device is not used; null when it is. */
  readonly fallback: string | null
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
  close(): Promise<void>
}

const automatic: Record<string, string> = { win32: 'dml', darwin: 'webgpu', linux: 'webgpu' }

const sessionOptions = (
  spec: GraphSpec,
  provider: string,
  externalData: { path: string; data: Uint8Array }[],
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
})

/** Throws 'model-invalid' for a graph that cannot be opened or asks for inputs nobody here can give. */
export async function openGraph(spec: GraphSpec): Promise<Graph> {
  const ort = await import('onnxruntime-node')
  const externalData = await Promise.all(
    spec.externalData.map(async ({ path, file }) => ({ path, data: new Uint8Array(await readFile(file)) })),
  )
  const wanted = spec.device === 'auto' ? (automatic[process.platform] ?? 'cpu') : spec.device
  let provider = wanted
  let fallback: string | null = null
  let session: InferenceSession | null = null
  if (wanted !== 'cpu') {
    // A provider missing from this build would be dropped silently; one without a device rejects.
    if (ort.listSupportedBackends().some((backend) => backend.name === wanted && backend.bundled)) {
      try {
        session = await ort.InferenceSession.create(spec.graph, sessionOptions(spec, wanted, externalData))
      } catch (error) {
        fallback = error instanceof Error ? error.message.slice(0, 300) : String(error)
      }
    } else fallback = `this build has no ${wanted}`
  }
  if (!session) {
    provider = 'cpu'
    try {
      session = await ort.InferenceSession.create(spec.graph, sessionOptions(spec, 'cpu', externalData))
    } catch (error) {
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
    close: () => open.release(),
  }
}
