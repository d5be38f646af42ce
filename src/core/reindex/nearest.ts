/** A query by meaning alone in one index, as a list of documents: for putting two indexes side by side [RE3]. */
import { join } from 'node:path'
import type { TrialHit } from '../../shared/reindex.ts'
import { openLiveIndex, type LiveIndex } from '../search/live-index.ts'
import { semanticSearch } from '../search/semantic.ts'
import { openLibraryReader } from '../store/library/read.ts'
import type { Target } from '../store/library/rows.ts'

export const trialHits = 10
const snippetChars = 240

/** Up to date; null where the target has no files yet. */
export function openTargetIndex(libraryDir: string, target: Target): LiveIndex | null {
  const open = openLiveIndex({
    indexPath: join(libraryDir, target.indexFile),
    vectorsPath: join(libraryDir, target.vectorsFile),
    space: target.space,
    dimensions: target.dimensions,
    generation: 0,
  })
  open?.refresh()
  return open
}

/** Unit `vector` of the target's own space. */
export function nearest(libraryDir: string, target: Target, vector: Float32Array): TrialHit[] {
  const open = openTargetIndex(libraryDir, target)
  if (!open) return []
  try {
    return asHits(libraryDir, open, semanticSearch(open.vectors, open.codes, vector, null).hits)
  } finally {
    open.close()
  }
}

/** `found`: best first; of each document the best passage counts. Removed documents are left out. */
export function asHits(
  libraryDir: string,
  open: LiveIndex,
  chunks: readonly { id: number; cosine: number }[],
): TrialHit[] {
  const rows = open.index.chunks(chunks.map(({ id }) => id))
  const found = chunks.flatMap(({ id, cosine }) => {
    const row = rows.get(id)
    const sha256 = open.texts.textOf(id)?.sha256
    return row && sha256 ? [{ sha256, page: row.pageStart, text: row.text, cosine }] : []
  })
  const lookup = openLibraryReader(libraryDir)
  try {
    const documents = lookup.byTexts([...new Set(found.map((one) => one.sha256))], {})
    const hits: TrialHit[] = []
    const seen = new Set<string>()
    for (const { sha256, page, text, cosine } of found) {
      const document = documents.get(sha256)?.[0]
      if (!document || seen.has(sha256)) continue
      seen.add(sha256)
      const snippet = text.replace(/\s+/g, ' ').trim()
      hits.push({
        documentId: document.id,
        title: document.title,
        page,
        snippet: snippet.length > snippetChars ? `${snippet.slice(0, snippetChars)}…` : snippet,
        rank: hits.length + 1,
        cosine,
      })
      if (hits.length === trialHits) break
    }
    return hits
  } finally {
    lookup.close()
  }
}
