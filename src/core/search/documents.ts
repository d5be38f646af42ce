/** What search asks of the truth. Implemented over library.db by store/library/read.ts; evaluation brings its own. */
import type { DocumentKind, DocumentSummary } from '../../shared/document.ts'
import type { SearchFilters } from '../../shared/search.ts'

/** One typed condition of a query: tag:x, -type:pdf, author:li, status:draft. */
export interface Condition {
  field: 'kind' | 'tag' | 'in' | 'author' | 'metadata'
  /** Front-matter field, lower case; '' for the others. */
  key: string
  /** As typed. Tags, authors and fields compare without case; `in` is part of a path. */
  value: string
  not: boolean
}

export interface DocumentFilter extends SearchFilters {
  conditions?: readonly Condition[]
}

export interface SearchDocument {
  id: number
  sha256: string
  title: string
  path: string
  kind: DocumentKind
  status: string
  date: string
  tags: string[]
  connected: boolean
}

export interface LiveTarget {
  /** Absolute paths of the derived files. */
  indexPath: string
  vectorsPath: string
  space: string
  dimensions: number
  generation: number
  /** Texts the library wants may be missing: after going back to a former index, until it has caught up [RE3]. */
  behind?: boolean
}

export interface DocumentLookup {
  /** null before the first index exists. */
  live(): LiveTarget | null
  /** Changes when library.db changed (PRAGMA data_version). */
  version(): number
  /** Visible documents that pass and stand on these texts, oldest first. */
  byTexts(sha256s: readonly string[], filter: DocumentFilter): Map<string, SearchDocument[]>
  /** Texts that a visible document that passes stands on; null when the filter is empty. */
  allowed(filter: DocumentFilter): Set<string> | null
  /** Texts of which every document is removed, undo possible: they are still in the index. */
  hidden(): Set<string>
  /** Documents, read or not, whose name or title matches an FTS5 expression over `names`; best first. */
  names(expression: string, filter: DocumentFilter, limit: number): DocumentSummary[]
  /** Front-matter fields in use, lower case. */
  fields(): Set<string>
  /** Documents not read yet. */
  waiting(): number
  close(): void
}

export const isEmptyFilter = ({
  kinds,
  folders,
  tags,
  after,
  before,
  documentIds,
  conditions,
}: DocumentFilter): boolean =>
  !kinds?.length &&
  !folders?.length &&
  !tags?.length &&
  after === undefined &&
  before === undefined &&
  !documentIds?.length &&
  !conditions?.length
