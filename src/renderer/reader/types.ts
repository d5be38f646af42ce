import type { PassageLocation } from '../../shared/contract.ts'

/** What every view of a document is given. */
export interface ViewProps {
  documentId: number
  /** The passage to highlight and go to. */
  location: PassageLocation | null
  /** The page to open where the passage stands on several; null for its first. */
  page?: number | null
  /** The query's words as they stand in the passage, longest first. */
  terms: string[]
}
