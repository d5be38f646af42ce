/**
 * How token vectors become one vector, as a folder's sentence-transformers files say: modules.json, the pooling settings
 * in either of their two shapes, dense layers. Refuses parts that are not known here: a guess would give other vectors.
 */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { Model } from './load.ts'
import { insideFile, invalid, readJson } from './model-files.ts'
import type { ModelOverrides } from './overrides.ts'
import type { DenseLayer, PoolingMode } from './pooling.ts'
import { readSafetensors } from './safetensors.ts'

const maxDenseLayers = 8
const maxWidth = 65_536

const Modules = z.array(z.looseObject({ type: z.string(), path: z.string() })).max(16)

const Pooling = z.looseObject({
  word_embedding_dimension: z.number().int().positive().max(maxWidth).nullish(),
  embedding_dimension: z.number().int().positive().max(maxWidth).nullish(),
  pooling_mode: z.union([z.string(), z.array(z.string()).min(1).max(4)]).nullish(),
  include_prompt: z.boolean().nullish(),
})

const Dense = z.looseObject({
  in_features: z.number().int().positive().max(maxWidth),
  out_features: z.number().int().positive().max(maxWidth),
  bias: z.boolean().default(true),
  activation_function: z.string().default('torch.nn.modules.activation.Tanh'),
})

/** Both names of each mode: of the old shape's booleans, and of the new shape. */
const poolingNames: Record<string, PoolingMode> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean-sqrt',
  pooling_mode_weightedmean_tokens: 'weighted-mean',
  pooling_mode_lasttoken: 'last-token',
  cls: 'cls',
  mean: 'mean',
  max: 'max',
  mean_sqrt_len_tokens: 'mean-sqrt',
  weightedmean: 'weighted-mean',
  lasttoken: 'last-token',
}

interface Widths {
  hidden_size?: number | null | undefined
  d_model?: number | null | undefined
  dim?: number | null | undefined
  n_embd?: number | null | undefined
}

export async function readVectorParts(
  root: string,
  task: Model['task'],
  config: Widths,
  overrides: ModelOverrides,
): Promise<Pick<Model, 'pooling' | 'includePrompt' | 'dense' | 'dimensions'>> {
  if (task === 'reranker') return { pooling: [], includePrompt: true, dense: [], dimensions: null }
  const modules = await readJson(root, 'modules.json', Modules)
  let pooling: PoolingMode[] = []
  let includePrompt = true
  let width = config.hidden_size ?? config.d_model ?? config.dim ?? config.n_embd ?? null
  const dense: Model['dense'] = []
  // Some exports lack modules.json but keep the folder it would name.
  const parts = modules ?? [{ type: 'models.Pooling', path: '1_Pooling' }]
  for (const { type, path } of parts) {
    const kind = type.split('.').at(-1)!
    if (kind === 'Pooling') {
      const file = await readJson(root, join(path, 'config.json'), Pooling)
      if (!file) {
        if (modules && !overrides.pooling)
          throw invalid('missing-file', 'the pooling settings are missing', { file: `${path}/config.json` })
        continue
      }
      pooling = overrides.pooling ?? poolingOf(file)
      includePrompt = file.include_prompt !== false
      width = file.word_embedding_dimension ?? file.embedding_dimension ?? width
      if (width !== null) width *= pooling.length
    } else if (kind === 'Dense') {
      const layer = await readDense(root, path)
      if (width !== null && width !== layer.inputs) {
        throw invalid('dimensions', 'a dense layer does not fit the vectors before it', {
          expected: layer.inputs,
          found: width,
        })
      }
      width = layer.outputs
      dense.push(layer)
      if (dense.length > maxDenseLayers) throw invalid('dense', 'there are too many dense layers')
    } else if (kind !== 'Transformer' && kind !== 'Normalize' && kind !== 'StaticEmbedding') {
      throw invalid('module', `the model has a "${kind}" part, which is not known here`)
    }
  }
  // Nothing in the folder says how to pool; where its files say something, the width is counted above.
  if (overrides.pooling && pooling.length === 0) {
    pooling = overrides.pooling
    if (width !== null && dense.length === 0) width *= pooling.length
  }
  return { pooling, includePrompt: overrides.includePrompt ?? includePrompt, dense, dimensions: width }
}

function poolingOf(file: z.infer<typeof Pooling>): PoolingMode[] {
  const named = file.pooling_mode == null ? null : [file.pooling_mode].flat()
  const names =
    named ?? Object.keys(file).filter((key) => key.startsWith('pooling_mode_') && file[key] === true)
  const modes = names.map((name) => {
    const mode = poolingNames[name]
    if (!mode) throw invalid('pooling', `pooling "${name}" is not known here`)
    return mode
  })
  if (modes.length === 0) throw invalid('pooling-unknown', 'the pooling settings name no way of pooling')
  // sentence-transformers joins the vectors in this order, whatever the file's.
  const order: PoolingMode[] = ['cls', 'max', 'mean', 'mean-sqrt', 'weighted-mean', 'last-token']
  return named ? modes : order.filter((mode) => modes.includes(mode))
}

async function readDense(root: string, path: string): Promise<Model['dense'][number]> {
  const file = await readJson(root, join(path, 'config.json'), Dense)
  if (!file)
    throw invalid('missing-file', 'the settings of a dense layer are missing', {
      file: `${path}/config.json`,
    })
  const name = file.activation_function.split('.').at(-1)
  if (name !== 'Tanh' && name !== 'Identity')
    throw invalid('dense', `a dense layer uses "${name}", which is not known here`)
  return {
    file: await insideFile(root, join(path, 'model.safetensors')),
    inputs: file.in_features,
    outputs: file.out_features,
    bias: file.bias,
    activation: name === 'Tanh' ? 'tanh' : 'identity',
  }
}

/** Reads the weights of the dense layers; a few megabytes at most. */
export async function readDenseLayers(model: Model): Promise<DenseLayer[]> {
  return Promise.all(
    model.dense.map(async ({ file, inputs, outputs, bias, activation }) => {
      const tensors = readSafetensors(await readFile(file))
      const weight = tensors.get('linear.weight')
      const offset = bias ? tensors.get('linear.bias') : null
      if (weight?.length !== inputs * outputs || (bias && offset?.length !== outputs)) {
        throw invalid('dimensions', 'the weights of a dense layer do not have the size they should', {
          file: basename(file),
        })
      }
      return { inputs, outputs, weight, bias: offset ?? null, activation }
    }),
  )
}
