/** What a document is to the person: where it came from, how far it got, and why it stopped. */
import { z } from 'zod'

export const documentKinds = ['pdf', 'markdown', 'text', 'other'] as const
export const DocumentKind = z.enum(documentKinds)
export type DocumentKind = z.infer<typeof DocumentKind>

/**
 * queued: known by name, waiting; indexing: being read; indexed: every chunk has its keyword row and vector;
 * partial: indexed, but some pages gave no text; failed: see reason; removed: hidden, undo possible.
 */
export const documentStatuses = ['queued', 'indexing', 'indexed', 'partial', 'failed', 'removed'] as const
export const DocumentStatus = z.enum(documentStatuses)
export type DocumentStatus = z.infer<typeof DocumentStatus>

/** Why a file gave no text, or not all of it [DA2]. The window and the command line word each in the person's language. */
export const reasonCodes = [
  'encrypted',
  'damaged',
  'no-text',
  'partly-no-text',
  'garbled',
  'empty',
  'too-large',
  'unsupported',
  'misnamed',
  'unreadable',
  'vanished',
  'online-only',
  'timeout',
  'out-of-memory',
  'crashed',
  'model-failed',
  'cancelled',
] as const
export const ReasonCode = z.enum(reasonCodes)
export type ReasonCode = z.infer<typeof ReasonCode>

export const Reason = z.object({
  code: ReasonCode,
  /** Facts the sentence quotes: pages, pagesWithoutText, sizeBytes, limitBytes, detail. */
  data: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
})
export type Reason = z.infer<typeof Reason>

export const DocumentSummary = z.object({
  id: z.number().int(),
  title: z.string(),
  /** Path as the person knows it: absolute for linked files, the client's relative path for uploads. */
  path: z.string(),
  /** Folder of `path` relative to its source, '' at the top. */
  folder: z.string(),
  sourceId: z.number().int(),
  kind: DocumentKind,
  status: DocumentStatus,
  reason: Reason.nullable(),
  sizeBytes: z.number(),
  /** ISO 8601 date: the document's own where it has one, else when the file was last changed. */
  date: z.string(),
  tags: z.array(z.string()),
  pages: z.number().int().nullable(),
  chunks: z.number().int(),
  /** False while its drive or folder is not there; the stored text stays readable [DA6]. */
  connected: z.boolean(),
  addedAt: z.string(),
})
export type DocumentSummary = z.infer<typeof DocumentSummary>
