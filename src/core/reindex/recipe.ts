/**
 * The recipe: what decides how stored text becomes chunks and keywords [MO1]. It knows no model: sizes are counted by
 * the tokenizer an index is first made for, and another model may stand on the same chunks where each fits it [CH1].
 */
import { createHash } from 'node:crypto'
import type { ChunkingSettings } from '../../shared/settings.ts'
import { chunkerVersion } from '../chunk/chunk.ts'
import { normaliserVersion } from '../chunk/normalise.ts'
import { keywordTokensVersion } from '../search/keyword-tokens.ts'
import type { Target } from '../store/library/rows.ts'

export interface Recipe extends ChunkingSettings {
  normaliser: string
  /** With the version of the trail's format. */
  chunker: string
  keywords: string
}

/** What of a space shapes chunks: the tokenizer that counts, the limit, and what stands before every text. */
export interface Cutter {
  tokenizer: readonly string[]
  maxTokens: number
  prompts: { document: string }
}

export const recipeOf = ({ strategy, targetTokens, overlapTokens }: ChunkingSettings): Recipe => ({
  strategy,
  targetTokens,
  overlapTokens,
  normaliser: normaliserVersion,
  chunker: chunkerVersion,
  keywords: keywordTokensVersion,
})

/** Signature of an index file: equal ones hold the same chunks of the same text. */
export function chunkingId(recipe: Recipe, { tokenizer, maxTokens, prompts }: Cutter): string {
  const all = { ...recipe, tokenizer: tokenizer.join(' '), maxTokens, prompt: prompts.document }
  return createHash('sha256')
    .update(JSON.stringify(all, Object.keys(all).sort()))
    .digest('hex')
}

/** Names of the fields that differ; empty for the same recipe. Fields one side does not know differ. */
export function differingFields(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): string[] {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return keys.filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]))
}

/** What this program would do otherwise than the index was made: a reason to offer a reindex, never to refuse it. */
export const outdatedFields = ({ chunking, recipe }: Pick<Target, 'chunking' | 'recipe'>): string[] =>
  differingFields(recipe, { ...recipeOf(chunking) })

export const sameChunking = (a: ChunkingSettings, b: ChunkingSettings): boolean =>
  a.strategy === b.strategy && a.targetTokens === b.targetTokens && a.overlapTokens === b.overlapTokens

/** The tokenizer and limit in a target's space; its own JSON, so what is missing is a fault of ours. */
export const cutterOf = ({ spaceFields }: Pick<Target, 'spaceFields'>): Cutter =>
  spaceFields as unknown as Cutter

/** Whether two models count and are limited alike, so that what fits one fits the other. */
export const sameCutter = (a: Cutter, b: Cutter): boolean =>
  a.tokenizer.join() === b.tokenizer.join() &&
  a.maxTokens === b.maxTokens &&
  a.prompts.document === b.prompts.document
