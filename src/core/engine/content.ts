/** What the reader shows of a document, and where in it a passage stands [EX1]. */
import type { DocumentContent, PassageLocation } from '../../shared/contract.ts'
import type { DocumentSummary } from '../../shared/document.ts'
import { AppError } from '../../shared/errors.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import type { Live } from './live.ts'

export async function documentContent(
  library: Remote<LibraryJobs>,
  document: DocumentSummary,
): Promise<DocumentContent> {
  const content = await library.content({ id: document.id })
  return { document, ...(content ?? { source: null, blocks: [], cut: false }) }
}

export async function locatePassage(
  library: Remote<LibraryJobs>,
  live: Live,
  { chunkId, documentId }: { chunkId: number; documentId: number },
): Promise<PassageLocation> {
  const { passages } = await live.neighbours({ chunkId, before: 0, after: 0 })
  const passage = passages.find((one) => one.id === chunkId)
  const lines =
    passage && (await library.lines({ id: documentId, start: passage.charStart, end: passage.charEnd }))
  if (!passage || !lines) {
    throw new AppError('not-found', 'This passage is no longer in the index. Search again.', {
      data: { chunkId },
    })
  }
  return { documentId, chunkId, charStart: passage.charStart, charEnd: passage.charEnd, ...lines }
}
