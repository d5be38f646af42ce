/** Messages between the extractor's client and its process. One file at a time, in the order asked. */
import type { DocumentKind } from '../../shared/document.ts'
import type { ExtractResult } from './types.ts'
import type { WatchOptions } from './watch.ts'

export type ToExtractor =
  | { type: 'start'; resources: { pdf: string }; watch: WatchOptions }
  | { type: 'extract'; id: number; path: string; kindHint: DocumentKind | undefined }

export type FromExtractor =
  | { type: 'ready' }
  /** From here on a death is this file's. */
  | { type: 'began'; id: number }
  | { type: 'done'; id: number; result: ExtractResult; rssBytes: number }
