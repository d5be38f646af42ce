/** Models one can have: what the catalogue offers, how far a download is, what a person may say of a folder. */
import { z } from 'zod'
import { errorCodes } from './errors.ts'

export const poolingModes = ['cls', 'mean', 'max', 'weighted-mean', 'mean-sqrt', 'last-token'] as const
export type PoolingMode = (typeof poolingModes)[number]

/** Where downloads come from. custom: the hub's routes under `modelMirror`. */
export const modelSources = ['huggingface', 'hf-mirror', 'modelscope', 'custom'] as const
export type ModelSource = (typeof modelSources)[number]

/** How we know a field of the catalogue: tried here, read on the model's own card or source, or remembered. */
export const Knowledge = z.enum(['verified', 'card', 'memory'])
export type Knowledge = z.infer<typeof Knowledge>

/**
 * unverified: some field is from memory, so the self-test decides. non-commercial: the licence. slow: on a processor.
 * english-only: reads no Chinese.
 */
export const modelWarnings = ['unverified', 'non-commercial', 'slow', 'english-only'] as const
export const ModelWarning = z.enum(modelWarnings)

export const DownloadState = z.object({
  /** checking: the bytes are there; hashes and the self-test are being looked at. */
  state: z.enum(['running', 'paused', 'failed', 'checking']),
  /** The one on its way; '' before the list of files is known. */
  file: z.string(),
  doneBytes: z.number(),
  totalBytes: z.number(),
  bytesPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  error: z
    .object({
      code: z.enum(errorCodes),
      message: z.string(),
      data: z.record(z.string(), z.union([z.string(), z.number()])),
    })
    .nullable(),
})
export type DownloadState = z.infer<typeof DownloadState>

/** One line of resources/models/catalog.json, and what became of it here. */
export const CatalogEntry = z.object({
  id: z.string(),
  repository: z.string(),
  name: z.string(),
  task: z.enum(['embedding', 'reranker']),
  /** As ModelInfo.type. */
  type: z.string(),
  /** null: a reranker. */
  dimensions: z.number().int().nullable(),
  maxTokens: z.number().int(),
  languages: z.array(z.string()),
  licence: z.string(),
  nonCommercial: z.boolean(),
  slow: z.boolean(),
  parameters: z.number().int(),
  /** Empty: a reranker, or the graph gives finished vectors. */
  pooling: z.array(z.enum(poolingModes)),
  prompts: z.object({ query: z.string(), document: z.string() }),
  /** About so much to download; the hub says it exactly. */
  sizeBytes: z.number().int(),
  files: z.array(z.string()),
  verified: z.record(z.string(), Knowledge),
  warnings: z.array(ModelWarning),
  installed: z.boolean(),
  download: DownloadState.nullable(),
})
export type CatalogEntry = z.infer<typeof CatalogEntry>

/** Names this computer itself; the only place that may be reached without TLS. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)

/** https, or http of this very computer; without a name or password in it. */
export function isMirrorAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}
