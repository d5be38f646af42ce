/**
 * What the inference thread can do: open and close models, embed slices of token rows, score slices of pairs.
 * The caller sends token ids and gets numbers; text never crosses.
 */
import { AppError } from '../../shared/errors.ts'
import { Transfer, type JobContext } from '../threads/rpc.ts'
import { createLane } from './lane.ts'
import { applyDense, pool, toUnit, type VectorSpec } from './pooling.ts'
import type { TokenRows } from './feeds.ts'
import type { Provider } from './device-list.ts'
import { openGraph, type Fallback, type Graph, type GraphSpec } from './session.ts'
import { scoreOutput, scoresOf, type ScoreSpec } from './scores.ts'

export interface OpenModel {
  /** Names the model in later calls; opening the same key again is free. */
  key: string
  graph: GraphSpec
  /** null: a reranker. */
  vector: VectorSpec | null
  /** Rerankers: how its numbers become one a pair. */
  score: ScoreSpec | null
}

export interface OpenedModel {
  provider: Provider
  fallback: Fallback | null
  /** Version of ONNX Runtime. */
  runtime: string
  inputs: string[]
  /** Numbers of the finished vector as the graph declares them, null when it does not say. Rerankers: null. */
  dimensions: number | null
  /** The graph gives the finished vector; pooling and dense layers of the folder describe how it came about. */
  pooled: boolean
}

export interface RunRows extends TokenRows {
  key: string
  /** Places a row; at least the longest one. */
  length: number
  /** Tokens at the beginning that pooling leaves out. */
  skip: number
  /** Goes before slices of documents. */
  urgent: boolean
}

interface Opened {
  graph: Graph
  spec: OpenModel
  output: { name: string; rank: number; width: number | null }
  opened: OpenedModel
}

export type InferenceJobs = ReturnType<typeof createInferenceJobs>

export function createInferenceJobs() {
  const lane = createLane()
  const models = new Map<string, Promise<Opened>>()

  const find = async (key: string): Promise<Opened> => {
    const model = models.get(key)
    if (!model) throw new AppError('unavailable', `no model ${key} is open in this thread`)
    return model
  }

  async function open(spec: OpenModel): Promise<Opened> {
    const graph = await openGraph(spec.graph)
    try {
      const output = spec.vector ? vectorOutput(graph) : scoreOutput(graph.outputs, spec.score)
      const { vector } = spec
      const pooled = output.rank === 2
      let dimensions = vector ? output.width : null
      if (vector && !pooled) {
        if (vector.pooling.length === 0) {
          throw new AppError(
            'model-invalid',
            'nothing says how this model pools its token vectors into one',
            {
              data: { problem: 'pooling-unknown' },
            },
          )
        }
        if (dimensions !== null) dimensions *= vector.pooling.length
        for (const layer of vector.dense) {
          if (dimensions !== null && dimensions !== layer.inputs) {
            throw new AppError('model-invalid', 'a dense layer does not fit the vectors before it', {
              data: { problem: 'dimensions', expected: layer.inputs, found: dimensions },
            })
          }
          dimensions = layer.outputs
        }
      }
      return {
        graph,
        spec,
        output,
        opened: {
          provider: graph.provider,
          fallback: graph.fallback,
          runtime: graph.runtime,
          inputs: [...graph.inputs],
          dimensions,
          pooled,
        },
      }
    } catch (error) {
      await graph.close()
      throw error
    }
  }

  return {
    open(spec: OpenModel): Promise<OpenedModel> {
      let model = models.get(spec.key)
      if (!model) {
        model = open(spec)
        models.set(spec.key, model)
        model.catch(() => models.delete(spec.key))
      }
      return model.then(({ opened }) => opened)
    },

    async close({ key }: { key: string }): Promise<void> {
      const model = models.get(key)
      models.delete(key)
      await lane.run(true, new AbortController().signal, async () => (await model)?.graph.close())
    },

    /** Nodes run per provider since the model was opened; only for one that was opened to be profiled. */
    async endProfile({ key }: { key: string }): Promise<Record<string, number>> {
      const { graph } = await find(key)
      return lane.run(true, new AbortController().signal, async () => (await graph.endProfile()) ?? {})
    },

    /** Resolves when nothing runs, and nothing will any more: a thread that is ended inside a native call takes the process with it. */
    stop(): Promise<void> {
      return new Promise((resolve) => {
        void lane.run(true, new AbortController().signal, () => {
          resolve()
          return new Promise<never>(() => {})
        })
      })
    },

    /** Unit vectors, row after row. */
    async embed(rows: RunRows, { signal }: JobContext): Promise<Transfer<Float32Array>> {
      const { graph, spec, output, opened } = await find(rows.key)
      const vector = spec.vector
      if (!vector) throw new AppError('internal', `${rows.key} is a reranker`)
      const units = await lane.run(rows.urgent, signal, async () => {
        const count = rows.lengths.length
        const { data, dims } = await run(graph, rows, output.name)
        if (dims.length !== output.rank || dims[0] !== count) throw wrongShape(dims)
        let vectors = data
        if (!opened.pooled) {
          if (dims[1] !== rows.length) throw wrongShape(dims)
          const { paddingSide } = spec.graph
          vectors = pool(data, rows.lengths, rows.length, dims[2]!, vector.pooling, paddingSide, rows.skip)
          for (const layer of vector.dense) {
            if (vectors.length !== count * layer.inputs) throw wrongShape(dims)
            vectors = applyDense(vectors, count, layer)
          }
        }
        const width = vectors.length / count
        const unit = toUnit(vectors, count, Math.min(vector.truncateTo ?? width, width))
        if (unit.bad >= 0) throw notFinite()
        return unit.units
      })
      return new Transfer(units, [units.buffer as ArrayBuffer])
    },

    /** One logit a pair. */
    async score(rows: RunRows, { signal }: JobContext): Promise<Transfer<Float32Array>> {
      const { graph, output, spec } = await find(rows.key)
      const logits = await lane.run(rows.urgent, signal, async () => {
        const { data, dims } = await run(graph, rows, output.name)
        const scores = scoresOf(data, dims, rows, spec.score, spec.graph.paddingSide)
        if (!scores) throw wrongShape(dims)
        if (!scores.every(Number.isFinite)) throw notFinite()
        return scores
      })
      return new Transfer(logits, [logits.buffer as ArrayBuffer])
    },
  }
}

const wrongShape = (dims: readonly number[]): AppError =>
  new AppError('model-invalid', `the graph answered in an unexpected shape: ${dims.join(' x ')}`, {
    data: { problem: 'dimensions', found: dims.join('x') },
  })

const notFinite = (): AppError =>
  new AppError('model-invalid', 'the model answered with numbers that are not numbers', {
    data: { problem: 'not-finite' },
  })

async function run(graph: Graph, rows: RunRows, output: string) {
  try {
    return await graph.run(rows, rows.length, output)
  } catch (error) {
    const text = String(error)
    // A Gather beyond the last row: some token has no vector.
    const problem = /out of data bounds|out of range|indices element/i.test(text) ? 'vocabulary' : 'run'
    throw new AppError('model-invalid', `the model could not be run: ${text.slice(0, 400)}`, {
      cause: error,
      data: { problem },
    })
  }
}

function vectorOutput(graph: Graph) {
  const byName = (name: string, rank: number) =>
    graph.outputs.find((one) => one.name === name && one.rank === rank)
  const output =
    byName('sentence_embedding', 2) ??
    byName('last_hidden_state', 3) ??
    byName('token_embeddings', 3) ??
    graph.outputs.find((one) => one.rank === 3) ??
    graph.outputs.find((one) => one.rank === 2)
  if (!output)
    throw new AppError('model-invalid', 'the graph gives no vectors', { data: { problem: 'outputs' } })
  return output
}
