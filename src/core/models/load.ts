/**
 * Reads a model folder in the layout Hugging Face uses and says what it is: graph, tokenizer, pooling, prompts, limits.
 * Everything in a folder is hostile: sizes are bounded, paths stay inside, what does not fit is refused with
 * 'model-invalid' and `data.problem`. Opens no graph; that the graph agrees is checked where it is opened.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import { externalLocations } from './onnx-file.ts'
import type { DenseLayer, PoolingMode } from './pooling.ts'
import { readSafetensors } from './safetensors.ts'
import { createTokenizer, type Tokenizer } from './tokenizer.ts'

export interface Model {
  id: string
  name: string
  folder: string
  builtIn: boolean
  task: 'embedding' | 'reranker'
  /** In the field's words: 'static embedding', 'late interaction', 'cross-encoder', … */
  type: string
  languages: string[]
  licence: string
  sizeBytes: number
  /** Absolute paths. */
  graphFile: string
  externalData: { path: string; file: string }[]
  /** Every file whose bytes shape a vector, by its role; the space is made of their hashes. */
  weightFiles: string[]
  tokenizerFile: string
  tokenizerConfigFile: string | null
  precision: string
  /** Special tokens and prompt included. */
  maxTokens: number
  twoTypes: boolean
  /** Embedding models; null and empty for rerankers. */
  dimensions: number | null
  pooling: PoolingMode[]
  dense: {
    file: string
    inputs: number
    outputs: number
    bias: boolean
    activation: DenseLayer['activation']
  }[]
  truncateTo: number | null
  similarity: 'cosine' | 'dot'
  prompts: { query: string; document: string }
  /** Rerankers: P(relevant) = sigmoid(scale * logit + bias). */
  calibration: { scale: number; bias: number } | null
}

/** What a catalogue or a person knows and the folder does not say. */
export interface ModelOverrides {
  pooling?: PoolingMode[]
  prompts?: { query: string; document: string }
  maxTokens?: number
  truncateTo?: number
  task?: Model['task']
  /** File inside the folder, as 'onnx/model_quantized.onnx'. */
  graph?: string
}

export interface LoadOptions {
  /** Folder of the built-in models: shared files are looked for here and nowhere else. null: none are allowed. */
  builtInDir: string | null
  overrides?: ModelOverrides
}

const maxJsonBytes = 64_000_000
const maxExternalFiles = 16
const maxDenseLayers = 8
const maxWidth = 65_536

const Id = z.string().regex(/^[a-z0-9][\w.-]{0,199}$/i)

const Config = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().nullish(),
  hidden_size: z.number().int().positive().max(maxWidth).nullish(),
  d_model: z.number().int().positive().max(maxWidth).nullish(),
  dim: z.number().int().positive().max(maxWidth).nullish(),
  n_embd: z.number().int().positive().max(maxWidth).nullish(),
  vocab_size: z.number().int().positive().nullish(),
  max_position_embeddings: z.number().int().positive().nullish(),
  type_vocab_size: z.number().int().min(0).nullish(),
  manifold: z
    .looseObject({
      name: z.string().max(200).optional(),
      task: z.enum(['embedding', 'reranker']).optional(),
      type: z.string().max(100).optional(),
      languages: z.array(z.string().max(20)).max(200).optional(),
      licence: z.string().max(100).optional(),
      externalData: z.record(z.string().max(200), z.string().max(400)).optional(),
      tokenizer: Id.optional(),
      calibration: z.object({ scale: z.number(), bias: z.number() }).optional(),
    })
    .optional(),
})

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

const SentenceTransformers = z.looseObject({
  prompts: z.record(z.string(), z.string().max(4_000).nullable()).nullish(),
  default_prompt_name: z.string().nullish(),
  similarity_fn_name: z.string().nullish(),
  truncate_dim: z.number().int().positive().nullish(),
})

const SentenceBert = z.looseObject({ max_seq_length: z.number().int().positive().nullish() })

/** transformers writes 1e30 for "no limit". */
const TokenizerConfig = z.looseObject({ model_max_length: z.number().positive().nullish() })

const Card = z.looseObject({
  license: z.unknown().optional(),
  language: z.unknown().optional(),
})

export function invalid(
  problem: string,
  message: string,
  data: Record<string, string | number> = {},
): AppError {
  return new AppError('model-invalid', message, { data: { problem, ...data } })
}

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

/** Throws 'model-missing' when there is no such folder, 'model-invalid' when it is not a model that can be used. */
export async function loadModel(folder: string, { builtInDir, overrides = {} }: LoadOptions): Promise<Model> {
  const id = basename(folder)
  const root = resolve(folder)
  const there = await stat(root).catch(() => null)
  if (!there?.isDirectory())
    throw new AppError('model-missing', `there is no model "${id}"`, { data: { model: id } })
  try {
    return await read(id, root, builtInDir, overrides)
  } catch (error) {
    if (error instanceof AppError)
      throw new AppError(error.code, error.message, { cause: error, data: { model: id, ...error.data } })
    throw error
  }
}

async function read(
  id: string,
  root: string,
  builtInDir: string | null,
  overrides: ModelOverrides,
): Promise<Model> {
  const config = await readJson(root, 'config.json', Config)
  if (!config) throw invalid('missing-file', 'config.json is missing', { file: 'config.json' })
  const { manifold } = config

  const graphFile = await findGraph(root, overrides.graph)
  const shared = async (path: string): Promise<string> => {
    if (builtInDir === null)
      throw invalid('path', 'the model names a file outside its folder', { file: path })
    return insideFile(resolve(builtInDir), path)
  }
  const external = Object.entries(manifold?.externalData ?? {})
  if (external.length > maxExternalFiles) throw invalid('graph', 'the model names too many weight files')
  const externalData = await Promise.all(
    external.map(async ([path, file]) => ({ path, file: await shared(file) })),
  )
  const tokenizerFile = manifold?.tokenizer
    ? await shared(`${manifold.tokenizer}/tokenizer.json`)
    : await insideFile(root, 'tokenizer.json')
  const tokenizerFolder = dirname(tokenizerFile)
  const tokenizerConfig = await readJson(tokenizerFolder, 'tokenizer_config.json', TokenizerConfig)

  const task =
    overrides.task ??
    manifold?.task ??
    (isReranker(manifold?.type) ||
    config.architectures?.some((name) => name.endsWith('ForSequenceClassification'))
      ? 'reranker'
      : 'embedding')
  const weightFiles = [
    graphFile,
    ...(await besideGraph(graphFile, new Set(externalData.map(({ path }) => path)))),
    ...externalData.map(({ file }) => file),
  ]
  const { pooling, dense, dimensions } = await readVectorParts(root, task, config, overrides)
  for (const layer of dense) weightFiles.push(layer.file)
  const sentence = await readJson(root, 'config_sentence_transformers.json', SentenceTransformers)
  const truncateTo = overrides.truncateTo ?? sentence?.truncate_dim ?? null
  if (truncateTo !== null && dimensions !== null && truncateTo > dimensions) {
    throw invalid('dimensions', 'more dimensions are to be kept than there are', {
      expected: truncateTo,
      found: dimensions,
    })
  }
  const similarity = sentence?.similarity_fn_name ?? 'cosine'
  if (similarity !== 'cosine' && similarity !== 'dot') {
    throw invalid(
      'similarity',
      `vectors of this model are compared by "${similarity}", which is not known here`,
    )
  }
  const card = await readCard(root)
  return {
    id,
    name: manifold?.name ?? id,
    folder: root,
    builtIn: builtInDir !== null && dirname(root) === resolve(builtInDir),
    task,
    type:
      typeNames[manifold?.type ?? ''] ??
      manifold?.type ??
      (task === 'reranker' ? 'cross-encoder' : 'encoder'),
    languages: manifold?.languages ?? card.languages,
    licence: manifold?.licence ?? card.licence,
    sizeBytes: await folderSize(root),
    graphFile,
    externalData,
    weightFiles,
    tokenizerFile,
    tokenizerConfigFile: tokenizerConfig ? join(tokenizerFolder, 'tokenizer_config.json') : null,
    precision: precisionOf(graphFile),
    maxTokens: await readMaxTokens(root, config, tokenizerConfig?.model_max_length ?? null, overrides),
    twoTypes: config.type_vocab_size == null || config.type_vocab_size > 1,
    dimensions: task === 'reranker' ? null : (truncateTo ?? dimensions),
    pooling,
    dense,
    truncateTo,
    similarity,
    prompts: overrides.prompts ?? readPrompts(sentence),
    calibration: manifold?.calibration ?? null,
  }
}

/** How the window says it. */
const typeNames: Record<string, string> = {
  static: 'static embedding',
  'late-interaction': 'late interaction',
}

const isReranker = (type: string | undefined): boolean =>
  type !== undefined && /late.?interaction|cross.?encoder|rerank/i.test(type)

async function readVectorParts(
  root: string,
  task: Model['task'],
  config: z.infer<typeof Config>,
  overrides: ModelOverrides,
): Promise<Pick<Model, 'pooling' | 'dense' | 'dimensions'>> {
  if (task === 'reranker') return { pooling: [], dense: [], dimensions: null }
  const modules = await readJson(root, 'modules.json', Modules)
  let pooling: PoolingMode[] = []
  let width = config.hidden_size ?? config.d_model ?? config.dim ?? config.n_embd ?? null
  const dense: Model['dense'] = []
  // Some exports lack modules.json but keep the folder it would name.
  const parts = modules ?? [{ type: 'models.Pooling', path: '1_Pooling' }]
  for (const { type, path } of parts) {
    const kind = type.split('.').at(-1)!
    if (kind === 'Pooling') {
      const file = await readJson(root, join(path, 'config.json'), Pooling)
      if (!file) {
        if (modules)
          throw invalid('missing-file', 'the pooling settings are missing', { file: `${path}/config.json` })
        continue
      }
      pooling = poolingOf(file)
      if (file.include_prompt === false)
        throw invalid('pooling', 'pooling that leaves the prompt out is not supported yet')
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
  if (overrides.pooling) pooling = overrides.pooling
  return { pooling, dense, dimensions: width }
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

/** The model's tokenizer; about 0.3 s for the largest vocabularies. */
export async function loadTokenizer(
  model: Pick<Model, 'id' | 'tokenizerFile' | 'tokenizerConfigFile'>,
): Promise<Tokenizer> {
  const parse = async (file: string): Promise<unknown> => {
    try {
      return JSON.parse(await readFile(file, 'utf8'))
    } catch (error) {
      throw new AppError('model-invalid', `${basename(file)} is damaged`, {
        cause: error,
        data: { problem: 'tokenizer', model: model.id, file: basename(file) },
      })
    }
  }
  const config = model.tokenizerConfigFile === null ? {} : await parse(model.tokenizerConfigFile)
  return createTokenizer(await parse(model.tokenizerFile), config)
}

function readPrompts(sentence: z.infer<typeof SentenceTransformers> | null): Model['prompts'] {
  const prompts = sentence?.prompts ?? {}
  const byDefault = (sentence?.default_prompt_name ? prompts[sentence.default_prompt_name] : null) ?? ''
  return {
    query: prompts.query ?? byDefault,
    document: prompts.document ?? prompts.passage ?? byDefault,
  }
}

async function readMaxTokens(
  root: string,
  config: z.infer<typeof Config>,
  tokenizerLimit: number | null,
  overrides: ModelOverrides,
): Promise<number> {
  const sentence = await readJson(root, 'sentence_bert_config.json', SentenceBert)
  // RoBERTa's positions begin at 2.
  const positions = config.max_position_embeddings ?? null
  const places = positions !== null && /roberta/i.test(config.model_type ?? '') ? positions - 2 : positions
  const stated =
    overrides.maxTokens ??
    sentence?.max_seq_length ??
    (tokenizerLimit !== null && tokenizerLimit < 1e6 ? tokenizerLimit : null)
  const limit = Math.floor(Math.min(stated ?? places ?? 512, places ?? Infinity))
  if (limit < 8) throw invalid('max-tokens', 'the model takes too few tokens to be of use', { found: limit })
  return limit
}

async function findGraph(root: string, wanted: string | undefined): Promise<string> {
  if (wanted) return insideFile(root, wanted)
  for (const name of [
    'onnx/model.onnx',
    'model.onnx',
    'onnx/model_quantized.onnx',
    'onnx/model_int8.onnx',
    'onnx/model_fp16.onnx',
  ]) {
    const file = join(root, name)
    if ((await stat(file).catch(() => null))?.isFile()) return file
  }
  throw invalid('missing-file', 'onnx/model.onnx is missing', { file: 'onnx/model.onnx' })
}

/** Weights that ONNX Runtime finds by itself beside the graph, as the graph names them; they must be there. */
async function besideGraph(graphFile: string, shared: ReadonlySet<string>): Promise<string[]> {
  const locations = (await externalLocations(graphFile)).filter((location) => !shared.has(location)).sort()
  return Promise.all(locations.map((location) => insideFile(dirname(graphFile), location)))
}

const precisionOf = (graphFile: string): string => {
  const [, kind] = /_(fp16|quantized|int8|uint8|q8|q4f16|q4|bnb4)\.onnx$/.exec(basename(graphFile)) ?? []
  return kind === undefined ? 'float32' : kind === 'quantized' ? 'int8' : kind === 'fp16' ? 'float16' : kind
}

/** A file inside `root` by its relative path; 'model-invalid' when it leads out or is not there. */
async function insideFile(root: string, path: string): Promise<string> {
  const file = resolve(root, path)
  const way = relative(root, file)
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || resolve(root, way) !== file) {
    throw invalid('path', 'the model names a file outside its folder', { file: path })
  }
  const there = await stat(file).catch(() => null)
  if (!there?.isFile() || there.size === 0)
    throw invalid('missing-file', `${path} is missing or empty`, { file: path })
  return file
}

/** null when there is no such file. */
async function readJson<T>(root: string, path: string, schema: z.ZodType<T>): Promise<T | null> {
  const file = resolve(root, path)
  if (relative(root, file).startsWith('..'))
    throw invalid('path', 'the model names a file outside its folder', { file: path })
  const there = await stat(file).catch(() => null)
  if (!there) return null
  if (!there.isFile() || there.size > maxJsonBytes)
    throw invalid('file', `${path} is not what it should be`, { file: path })
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new AppError('model-invalid', `${path} is damaged: it cannot be read as JSON`, {
      cause: error,
      data: { problem: 'json', file: path },
    })
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    throw invalid(
      'file',
      `${path} is not what it should be: ${z.prettifyError(parsed.error).slice(0, 300)}`,
      { file: path },
    )
  return parsed.data
}

/** Licence and languages from the front matter of README.md, as the hub's model cards have it. Never a reason to refuse. */
async function readCard(root: string): Promise<{ licence: string; languages: string[] }> {
  const none = { licence: '', languages: [] }
  try {
    const file = join(root, 'README.md')
    if ((await stat(file)).size > 4_000_000) return none
    const [, matter] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(await readFile(file, 'utf8')) ?? []
    if (!matter) return none
    const card = Card.parse(parseYaml(matter, { maxAliasCount: 0 }))
    const languages = [card.language].flat().filter((one): one is string => typeof one === 'string')
    return { licence: typeof card.license === 'string' ? card.license : '', languages }
  } catch {
    // No card, or one that is not YAML: the fields stay empty.
    return none
  }
}

async function folderSize(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
