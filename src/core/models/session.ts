/**
 * One ONNX graph in ONNX Runtime: opened on the wanted device or, said aloud, on the CPU; fed with token ids.
 * Runs inside the inference thread only: `session.run` blocks its thread. The only file that imports onnxruntime-node,
 * and not before the first graph is opened.
 */
import { readFile } from 'node:fs/promises'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { AppError } from '../../shared/errors.ts'

export interface GraphSpec {
  /** Path of the .onnx file. */
  graph: string
  /** Files of shared weights: the name inside the graph, and where it lies. */
  externalData: { path: string; file: string }[]
  threads: number
  /** As in Settings.device. */
  device: string
  /** What to fill unused places with, and on which side of the text they are. */
  padId: number
  paddingSide: 'left' | 'right'
  /** False where the model knows one type of token only, as XLM-R: all types are then 0. */
  twoTypes: boolean
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

/** Token ids of some texts, one after another. `types` only for pairs. */
export interface TokenRows {
  ids: Int32Array
  lengths: Int32Array
  types: Uint8Array | null
}

const knownInputs = new Set(['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'])

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

  const kinds = new Map<string, 'int64' | 'int32'>()
  for (const input of session.inputMetadata) {
    if (
      !knownInputs.has(input.name) ||
      !input.isTensor ||
      (input.type !== 'int64' && input.type !== 'int32')
    ) {
      await session.release()
      throw new AppError(
        'model-invalid',
        `the graph wants an input named "${input.name}", which is not known here`,
        {
          data: { problem: 'inputs', input: input.name },
        },
      )
    }
    kinds.set(input.name, input.type)
  }
  if (!kinds.has('input_ids')) {
    await session.release()
    throw new AppError('model-invalid', 'the graph takes no input_ids', { data: { problem: 'inputs' } })
  }
  const outputs = session.outputMetadata.flatMap((output) => {
    if (!output.isTensor || output.type !== 'float32') return []
    const width = output.shape.at(-1)
    return [{ name: output.name, rank: output.shape.length, width: typeof width === 'number' ? width : null }]
  })

  const { Tensor: TensorOf } = ort
  const open = session
  return {
    provider,
    fallback,
    runtime: ort.env.versions.node ?? ort.env.versions.common,
    inputs: [...kinds.keys()],
    outputs,
    async run(rows, length, output) {
      const feeds: Record<string, Tensor> = {}
      const dims = [rows.lengths.length, length]
      for (const [name, kind] of kinds) {
        const cells = fill(name, rows, length, spec, kind === 'int64' ? 2 : 1)
        feeds[name] =
          kind === 'int64'
            ? new TensorOf('int64', new BigInt64Array(cells.buffer), dims)
            : new TensorOf('int32', cells, dims)
      }
      const result = (await open.run(feeds, [output]))[output]!
      return { data: result.data as Float32Array, dims: result.dims }
    },
    close: () => open.release(),
  }
}

/**
 * One input tensor. `step` 2 writes 64-bit numbers as two 32-bit halves (ids are never negative; every platform that
 * ONNX Runtime ships for is little-endian): making a BigInt for each token took longer than a static model's run.
 */
function fill(
  name: string,
  { ids, lengths, types }: TokenRows,
  length: number,
  spec: GraphSpec,
  step: 1 | 2,
): Int32Array {
  const cells = new Int32Array(lengths.length * length * step)
  if (name === 'token_type_ids' && (!types || !spec.twoTypes)) return cells
  if (name === 'input_ids' && spec.padId !== 0) {
    for (let at = 0; at < cells.length; at += step) cells[at] = spec.padId
  }
  let from = 0
  for (let row = 0; row < lengths.length; row++) {
    const count = lengths[row]!
    let at = (row * length + (spec.paddingSide === 'left' ? length - count : 0)) * step
    for (let i = 0; i < count; i++, at += step) {
      if (name === 'input_ids') cells[at] = ids[from + i]!
      else if (name === 'attention_mask') cells[at] = 1
      else if (name === 'token_type_ids') cells[at] = types![from + i]!
      else cells[at] = i
    }
    from += count
  }
  return cells
}
