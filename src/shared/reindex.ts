/** What can be asked about another index before, while and after it is built [RE1 RE3 RE4]. */
import { z } from 'zod'
import { ChunkingSettings } from './settings.ts'

/** A document by meaning alone: its nearest passage, and how near. */
export const TrialHit = z.object({
  documentId: z.number().int(),
  title: z.string(),
  page: z.number().int().nullable(),
  snippet: z.string(),
  /** From 1. */
  rank: z.number().int(),
  /** Of one space: cosines of two models say nothing to each other. */
  cosine: z.number(),
})
export type TrialHit = z.infer<typeof TrialHit>

/** What is left out is as the settings are. */
export const EstimateRequest = z.strictObject({
  embeddingModel: z.string().min(1).max(200).optional(),
  chunking: ChunkingSettings.partial().optional(),
})
export type EstimateRequest = z.infer<typeof EstimateRequest>

/** Measured now, on a sample of this library's own passages. */
export const ReindexEstimate = z.object({
  documents: z.number().int(),
  chunks: z.number().int(),
  /** The passages stay as they are: only vectors are made. */
  embedOnly: z.boolean(),
  /** Passages to embed, and those whose vector is there already. */
  toEmbed: z.number().int(),
  cached: z.number().int(),
  /** null where there is nothing to measure on. */
  chunksPerSecond: z.number().nullable(),
  seconds: z.number().nullable(),
  addsBytes: z.number(),
  freeBytes: z.number(),
  /** Shares of the passages by script, a mixed one by its letters; they sum to 1 where there are any. */
  han: z.number(),
  latin: z.number(),
  other: z.number(),
  /** Whether the model reads the scripts of this library, as far as it says which languages it knows. */
  suits: z.enum(['yes', 'no', 'unknown']),
  /** The longest passage looked at, in the model's own tokens, and what it reads at most. */
  longest: z.object({ tokens: z.number().int(), limit: z.number().int() }).nullable(),
})
export type ReindexEstimate = z.infer<typeof ReindexEstimate>

export const TrialRequest = z.strictObject({
  embeddingModel: z.string().min(1).max(200),
  documents: z.number().int().min(1).max(2000).default(200),
  /** The person's own recent searches where left out. */
  queries: z.array(z.string().min(1).max(500)).max(20).optional(),
})
export type TrialRequest = z.infer<typeof TrialRequest>

export const TrialStep = z.object({
  stage: z.enum(['sampling', 'embedding', 'searching', 'done']),
  done: z.number().int(),
  total: z.number().int(),
  /** With 'done': both orders of the same documents. */
  results: z
    .array(z.object({ query: z.string(), live: z.array(TrialHit), trial: z.array(TrialHit) }))
    .nullable(),
})
export type TrialStep = z.infer<typeof TrialStep>
