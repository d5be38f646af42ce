/** What the engine says about itself: counts that are counted, never remembered [DA3, RE4]. */
import { z } from 'zod'
import { DeviceReason } from './devices.ts'
import { Reason } from './document.ts'
import { errorCodes } from './errors.ts'
import { ModelWarning } from './models.ts'
import { chunkStrategies, devices } from './settings.ts'

export const ModelInfo = z.object({
  id: z.string(),
  name: z.string(),
  task: z.enum(['embedding', 'reranker']),
  /** What kind of thing it is, in the field's words: 'static embedding', 'late interaction', 'cross-encoder'. */
  type: z.string(),
  builtIn: z.boolean(),
  dimensions: z.number().int().nullable(),
  maxTokens: z.number().int(),
  languages: z.array(z.string()),
  licence: z.string(),
  sizeBytes: z.number(),
  calibrated: z.boolean(),
  /** refused: listed with its reason, and not usable as it is. */
  state: z.enum(['ready', 'refused']),
  /** null when usable; else why it was refused. */
  problem: z.string().nullable(),
  /** What `problem` is, for a translated sentence: 'missing-file', 'pooling-unknown', 'dimensions', … */
  problemCode: z.string().nullable(),
  /** Facts its sentence quotes, as the file that is missing. */
  problemData: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Nothing says how its token vectors become one; `models.setPooling` says it. */
  poolingUnknown: z.boolean(),
  removable: z.boolean(),
  /** An index stands on it: the library keeps its files, whatever becomes of the list. */
  pinned: z.boolean(),
  warnings: z.array(ModelWarning),
})
export type ModelInfo = z.infer<typeof ModelInfo>

export const batchings = ['padded', 'same-length', 'alone'] as const

/** What became of the fixed sentences stored with the vectors [MO3]. `changed`: see canaryFields; empty where nothing known changed. */
export const canaryFields = [
  'provider',
  'device',
  'threads',
  'runtime',
  'hardware',
  'system',
  'version',
] as const
export const CanaryReport = z.object({ worstCosine: z.number(), changed: z.array(z.enum(canaryFields)) })
export type CanaryReport = z.infer<typeof CanaryReport>

/** In the order they are made; a model that fails an early one has no later ones. `tokenizer`: fits the embedding table. */
export const selfTestChecks = [
  'opens',
  'tokenizer',
  'dimensions',
  'finite',
  'norm',
  'constant',
  'batched',
  'sense',
] as const

/** What a model showed before it was trusted [MO4]. */
export const SelfTestReport = z.object({
  modelId: z.string(),
  ok: z.boolean(),
  /** The person uses it although a check failed. */
  overridden: z.boolean(),
  /** False where it cannot be: numbers that are not finite, wrong dimensions, a graph that does not open. */
  overridable: z.boolean(),
  checks: z.array(
    z.object({
      name: z.enum(selfTestChecks),
      ok: z.boolean(),
      /** Short, as '0.99998' or '58 of 60'. */
      figure: z.string().nullable(),
      /** A plain sentence in English. */
      detail: z.string(),
    }),
  ),
  /** How texts may go together so that each keeps its bits [MO2]. */
  batching: z.enum(batchings),
  /** Lowest cosine between a vector made alone and in a padded batch; 1 when they are equal bit for bit. */
  worstCosine: z.number(),
  /** Of the live model only; measured when the engine started. */
  canary: CanaryReport.nullable(),
  measuredAt: z.string(),
})
export type SelfTestReport = z.infer<typeof SelfTestReport>

export const ReindexStatus = z.object({
  /** complete: built, and kept up to date, but answering only when the person says so. */
  state: z.enum(['building', 'paused', 'failed', 'complete']),
  embeddingModel: z.string(),
  strategy: z.enum(chunkStrategies),
  documentsDone: z.number().int(),
  documentsTotal: z.number().int(),
  chunksDone: z.number().int(),
  /** Chunks a second over the last ten seconds; null before it is known. */
  chunksPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  /** Plain English; `errorCode` is for a translated sentence. */
  error: z.string().nullable(),
  errorCode: z.enum(errorCodes).nullable(),
  /** The passages are those of the live or the former index: only vectors are made. */
  embedOnly: z.boolean(),
  /** Passages whose vector was there already. */
  reusedVectors: z.number().int(),
  waitingFor: z.enum(['person']).nullable(),
})
export type ReindexStatus = z.infer<typeof ReindexStatus>

/** The index that answered before the last switch, kept for one click back [RE3]. */
export const FormerStatus = z.object({
  embeddingModel: z.string(),
  strategy: z.enum(chunkStrategies),
  dimensions: z.number().int(),
  /** First 12 hex digits of the space's signature. */
  space: z.string(),
  /** What dropping it frees. */
  sizeBytes: z.number(),
  /** How much of the library it has; the rest is caught up after going back. */
  documentsDone: z.number().int(),
  documentsTotal: z.number().int(),
  /** Whether its model can still be opened. */
  usable: z.boolean(),
})
export type FormerStatus = z.infer<typeof FormerStatus>

export const Status = z.object({
  library: z.object({
    path: z.string(),
    name: z.string(),
    sizeBytes: z.number(),
    freeBytes: z.number(),
  }),
  version: z.string(),
  documents: z.object({
    total: z.number().int(),
    indexed: z.number().int(),
    partial: z.number().int(),
    failed: z.number().int(),
    /** queued or indexing */
    waiting: z.number().int(),
  }),
  chunks: z.number().int(),
  /** Failed and partial documents by reason. */
  reasons: z.array(z.object({ reason: Reason.shape.code, documents: z.number().int() })),
  /** Work on files in hand; null when there is none. `done` and `total` count since the work began. */
  ingest: z
    .object({
      paused: z.boolean(),
      done: z.number().int(),
      total: z.number().int(),
      current: z.array(z.string()),
      chunksPerSecond: z.number().nullable(),
      filesPerSecond: z.number().nullable(),
      secondsLeft: z.number().nullable(),
    })
    .nullable(),
  reindex: ReindexStatus.nullable(),
  former: FormerStatus.nullable(),
  live: z.object({
    embeddingModel: z.string(),
    dimensions: z.number().int(),
    rerankerModel: z.string().nullable(),
    strategy: z.enum(chunkStrategies),
    targetTokens: z.number().int(),
    /** Asked for, and really in use. */
    device: z.enum(devices),
    provider: z.string(),
    /** Why the device asked for is not in use; null when it is [MO5]. */
    fallback: DeviceReason.nullable(),
    /** First 12 hex digits of the space's signature [MO1]. */
    space: z.string(),
    /** What of the recipe a newer program would do otherwise, as 'chunker'; empty when nothing. Only offers a reindex [MO1]. */
    outdated: z.array(z.string()),
    /** null while vectors are what they were when the index was made [MO3]. */
    canary: CanaryReport.nullable(),
  }),
  truncatedChunks: z.number().int(),
  outboundRequests: z.number().int(),
})
export type Status = z.infer<typeof Status>

/** `system.events`: the first is always a status; a change of documents carries their ids, at most 200, else null for "many". */
export const EngineEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('status'), status: Status }),
  z.object({ type: z.literal('documents-changed'), ids: z.array(z.number().int()).nullable() }),
  z.object({ type: z.literal('settings-changed') }),
  z.object({ type: z.literal('index-switched') }),
  /** A download began, went on or ended, or the list of models changed; at most four a second. */
  z.object({ type: z.literal('downloads-changed') }),
])
export type EngineEvent = z.infer<typeof EngineEvent>

export const DoctorReport = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
})
export type DoctorReport = z.infer<typeof DoctorReport>
