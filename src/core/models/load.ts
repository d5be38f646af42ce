/**
 * Reads a model folder in the layout Hugging Face uses and says what it is: graph, tokenizer, pooling, prompts, limits.
 * Everything in a folder is hostile: sizes are bounded, paths stay inside, what does not fit is refused with
 * 'model-invalid' and `data.problem`. Opens no graph; that the graph agrees is checked where it is opened.
 */
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import { folderSize, insideFile, invalid, readCard, readJson } from './model-files.ts'
import { externalLocations } from './onnx-file.ts'
import { ModelOverrides, overridesFile, Scoring } from './overrides.ts'
import type { DenseLayer, PoolingMode } from './pooling.ts'
import { createTokenizer, type Tokenizer } from './tokenizer.ts'
import { readVectorParts } from './vector-parts.ts'

export { ModelOverrides, overridesFile }

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
  /** null: as the tokenizer says. */
  paddingSide: 'left' | 'right' | null
  /** Embedding models; null and empty for rerankers. */
  dimensions: number | null
  pooling: PoolingMode[]
  /** False: the prompt's own tokens are left out when pooling. */
  includePrompt: boolean
  /** Numbers for a graph that takes a `task_id`, as jina v3; null: none are known. */
  tasks: { query: number; document: number } | null
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
  /** Rerankers: how the graph's numbers become one logit; null: the folder does not say more than its graph. */
  scoring: Scoring | null
  /** Rerankers: P(relevant) = sigmoid(scale * logit + bias). */
  calibration: { scale: number; bias: number } | null
}

export interface LoadOptions {
  /** Folder of the built-in models: shared files are looked for here and nowhere else. null: none are allowed. */
  builtInDir: string | null
  /** Go before what the folder says. */
  overrides?: ModelOverrides
}

const maxExternalFiles = 16
const maxWidth = 65_536

const Id = z.string().regex(/^[a-z0-9][\w.-]{0,199}$/i)

const Config = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().nullish(),
  /** jina v3: names of the tasks by number, and their prompts. */
  lora_adaptations: z.array(z.string()).max(64).nullish(),
  task_instructions: z.record(z.string(), z.string().max(4_000)).nullish(),
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
      scoring: Scoring.optional(),
    })
    .optional(),
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
  given: ModelOverrides,
): Promise<Model> {
  const overrides = { ...(await readJson(root, overridesFile, ModelOverrides)), ...given }
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
  const { pooling, includePrompt, dense, dimensions } = await readVectorParts(root, task, config, overrides)
  for (const layer of dense) weightFiles.push(layer.file)
  const sentence = await readJson(root, 'config_sentence_transformers.json', SentenceTransformers)
  const truncateTo = overrides.truncateTo ?? sentence?.truncate_dim ?? null
  if (truncateTo !== null && dimensions !== null && truncateTo > dimensions) {
    throw invalid('dimensions', 'more dimensions are to be kept than there are', {
      expected: truncateTo,
      found: dimensions,
    })
  }
  const similarity = overrides.similarity ?? sentence?.similarity_fn_name ?? 'cosine'
  if (similarity !== 'cosine' && similarity !== 'dot') {
    throw invalid(
      'similarity',
      `vectors of this model are compared by "${similarity}", which is not known here`,
    )
  }
  const card = await readCard(root)
  return {
    id,
    name: overrides.name ?? manifold?.name ?? id,
    folder: root,
    builtIn: builtInDir !== null && dirname(root) === resolve(builtInDir),
    task,
    type:
      overrides.type ??
      typeNames[manifold?.type ?? ''] ??
      manifold?.type ??
      (task === 'reranker' ? 'cross-encoder' : 'encoder'),
    languages: overrides.languages ?? manifold?.languages ?? card.languages,
    licence: overrides.licence ?? manifold?.licence ?? card.licence,
    sizeBytes: await folderSize(root),
    graphFile,
    externalData,
    weightFiles,
    tokenizerFile,
    tokenizerConfigFile: tokenizerConfig ? join(tokenizerFolder, 'tokenizer_config.json') : null,
    precision: precisionOf(graphFile),
    maxTokens: await readMaxTokens(root, config, tokenizerConfig?.model_max_length ?? null, overrides),
    twoTypes: config.type_vocab_size == null || config.type_vocab_size > 1,
    paddingSide: overrides.paddingSide ?? null,
    dimensions: task === 'reranker' ? null : (truncateTo ?? dimensions),
    pooling,
    includePrompt,
    tasks: overrides.tasks ?? tasksOf(config),
    dense,
    truncateTo,
    similarity,
    prompts: overrides.prompts ?? readPrompts(sentence, config),
    scoring: overrides.scoring ?? manifold?.scoring ?? null,
    calibration: overrides.calibration ?? manifold?.calibration ?? null,
  }
}

/** How the window says it. */
const typeNames: Record<string, string> = {
  static: 'static embedding',
  'late-interaction': 'late interaction',
}

const isReranker = (type: string | undefined): boolean =>
  type !== undefined && /late.?interaction|cross.?encoder|rerank/i.test(type)

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

/** The names jina v3 gives the two sides of a search. */
const retrieval = { query: 'retrieval.query', document: 'retrieval.passage' }

function tasksOf({ lora_adaptations: names }: z.infer<typeof Config>): Model['tasks'] {
  const query = names?.indexOf(retrieval.query) ?? -1
  const document = names?.indexOf(retrieval.document) ?? -1
  return query < 0 || document < 0 ? null : { query, document }
}

function readPrompts(
  sentence: z.infer<typeof SentenceTransformers> | null,
  { task_instructions: instructions }: z.infer<typeof Config>,
): Model['prompts'] {
  if (!sentence?.prompts && instructions) {
    return {
      query: instructions[retrieval.query] ?? '',
      document: instructions[retrieval.document] ?? '',
    }
  }
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
