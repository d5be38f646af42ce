/** A search and its answer: the hit, its passage, and the score of every stage [SE4]. */
import { z } from 'zod'
import { DocumentKind, DocumentSummary } from './document.ts'

/** hybrid is Smart in the window, semantic is Meaning. */
export const searchModes = ['hybrid', 'keyword', 'semantic', 'exact'] as const
export const SearchMode = z.enum(searchModes)
export type SearchMode = z.infer<typeof SearchMode>

export const SearchFilters = z.strictObject({
  kinds: z.array(DocumentKind).max(8).optional(),
  /** Folder prefixes as `documents.folders` gives them. */
  folders: z.array(z.string().max(4096)).max(50).optional(),
  tags: z.array(z.string().max(200)).max(50).optional(),
  /** ISO dates, inclusive. */
  after: z.iso.date().optional(),
  before: z.iso.date().optional(),
  documentIds: z.array(z.number().int()).max(1000).optional(),
})
export type SearchFilters = z.infer<typeof SearchFilters>

/** Longest query kept; the rest is cut and said so in `notes`. A longer request body than the door allows is refused. */
export const maxQueryChars = 200_000

export const SearchRequest = z.strictObject({
  query: z.string().max(maxQueryChars),
  mode: SearchMode.default('hybrid'),
  filters: SearchFilters.prefault({}),
  limit: z.number().int().min(1).max(200).default(20),
  offset: z.number().int().min(0).max(100_000).default(0),
  rerank: z.boolean().default(true),
  /** True while the person types: the last Latin word matches as a prefix. */
  typing: z.boolean().default(false),
  /** Exact mode only. */
  sort: z.enum(['relevance', 'date', 'place']).default('relevance'),
})
export type SearchRequest = z.infer<typeof SearchRequest>
/** What a caller may leave out. */
export type SearchRequestInput = z.input<typeof SearchRequest>

/** Half-open range of UTF-16 units. */
export const Range = z.tuple([z.number().int(), z.number().int()])
export type Range = z.infer<typeof Range>

/** Strong from 80, Good from 50, Possible from 20, Weak below (of 100). null: not calibrated or not reranked. */
export const ScoreWord = z.enum(['strong', 'good', 'possible', 'weak'])
export type ScoreWord = z.infer<typeof ScoreWord>

export const Hit = z.object({
  rank: z.number().int(),
  /** The calibrated final score, 0 to 1, never rising down the list; null where nothing calibrated was computed. */
  score: z.number().nullable(),
  word: ScoreWord.nullable(),
  /** False: the time budget did not cover it; it stands below the divider [SE3]. */
  reranked: z.boolean(),
  document: z.object({
    id: z.number().int(),
    title: z.string(),
    path: z.string(),
    kind: DocumentKind,
    status: z.string(),
    date: z.string(),
    tags: z.array(z.string()),
    connected: z.boolean(),
    /** Other documents with the same bytes. */
    copies: z.number().int(),
  }),
  chunk: z.object({
    id: z.number().int(),
    ordinal: z.number().int(),
    text: z.string(),
    headings: z.array(z.string()),
    page: z.number().int().nullable(),
    pageEnd: z.number().int().nullable(),
    /** The label printed on the page, where it differs from its number. */
    pageLabel: z.string().nullable(),
    lineStart: z.number().int().nullable(),
    lineEnd: z.number().int().nullable(),
    charStart: z.number().int(),
    charEnd: z.number().int(),
  }),
  /** Text of the chunks next to it, '' at the ends. */
  context: z.object({ before: z.string(), after: z.string() }),
  /** A few lines around the best sentence; ranges are into `snippet.text`. */
  snippet: z.object({ text: z.string(), marks: z.array(Range), best: Range.nullable() }),
  /** Query terms in `chunk.text`. */
  marks: z.array(Range),
  scores: z.object({
    keyword: z.object({ rank: z.number().int(), score: z.number(), terms: z.array(z.string()) }).nullable(),
    semantic: z.object({ rank: z.number().int(), cosine: z.number(), percentile: z.number() }).nullable(),
    fused: z.number(),
    rerank: z.object({ rank: z.number().int(), score: z.number(), logit: z.number() }).nullable(),
  }),
  /** Further matching chunks of the same document, best first. */
  more: z.array(z.object({ chunkId: z.number().int(), page: z.number().int().nullable() })),
})
export type Hit = z.infer<typeof Hit>

export const SearchUpdate = z.object({
  /** fused: first answer; reranked: the better order; complete: no more will follow (always the last). */
  stage: z.enum(['fused', 'reranked', 'complete']),
  query: z.string(),
  /** The query's words as searched, for "Words: 2 of 3". */
  terms: z.array(z.string()),
  tookMs: z.number(),
  hits: z.array(Hit),
  /** Documents whose name matches, read or not. */
  names: z.array(DocumentSummary),
  /** Everything scored under 20 of 100: say so before showing the nearest. */
  nothingFits: z.boolean(),
  /** Exact mode: true counts. */
  total: z.object({ chunks: z.number().int(), documents: z.number().int() }).nullable(),
  /** Codes the window words: 'query-cut', 'semantic-unavailable', 'rerank-unavailable', 'index-incomplete'. */
  notes: z.array(z.string()),
})
export type SearchUpdate = z.infer<typeof SearchUpdate>
