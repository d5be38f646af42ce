/** Exact mode [SE6]: every chunk that holds every word and phrase as written, without stemming, with true counts. */
import type { SearchRequest } from '../../shared/search.ts'
import type { DocumentFilter, DocumentLookup } from './documents.ts'
import { phraseExpression } from './keyword.ts'
import type { LiveIndex } from './live-index.ts'
import type { ParsedQuery } from './parse.ts'
import type { Ranked } from './present.ts'
import { restriction } from './retrieve.ts'

/** Title and headings do not count in BM25 here: only what the chunk itself says is a hit. */
const exactWeights = [0, 0, 1, 0] as const

export interface ExactResult {
  ranked: Ranked[]
  /** Documents of the same bytes count once. */
  total: { chunks: number; documents: number }
}

/** Upper and lower case, full and half width, accents, Traditional and Simplified are one; otherwise as written. */
export function exactExpression(parsed: ParsedQuery): string | null {
  const parts = parsed.pieces.map((piece) => phraseExpression(piece, 'words')).filter((part) => part !== null)
  return parts.length > 0 ? parts.slice(0, 64).join(' AND ') : null
}

export function exactSearch(
  live: LiveIndex,
  lookup: DocumentLookup,
  parsed: ParsedQuery,
  filter: DocumentFilter,
  { sort, limit, offset }: Pick<SearchRequest, 'sort' | 'limit' | 'offset'>,
): ExactResult {
  const expression = exactExpression(parsed)
  if (!expression) return { ranked: [], total: { chunks: 0, documents: 0 } }
  const only = restriction(live, lookup, parsed, filter, true)
  const ids = live.index
    .matchAll(expression)
    .filter((id) => (!only || only[id] === 1) && live.texts.textOf(id) !== null)
  const shaOf = (id: number): string => live.texts.textOf(id)!.sha256
  const texts = [...new Set(ids.map(shaOf))]

  let ordered: { id: number; score: number }[]
  if (sort === 'relevance') {
    ordered = live.index.match(expression, exactWeights, offset + limit, only)
  } else {
    const documents = lookup.byTexts(texts, filter)
    const first = (id: number) => documents.get(shaOf(id))?.[0]
    const key = (id: number): string => (sort === 'date' ? first(id)?.date : first(id)?.path) ?? ''
    const keyed = ids.map((id) => ({ id, score: 0, key: key(id) }))
    keyed.sort((a, b) => {
      const order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0
      return (sort === 'date' ? -order : order) || a.id - b.id
    })
    ordered = keyed
  }
  const page = ordered.slice(offset, offset + limit)
  const documents = lookup.byTexts(
    [...new Set(page.map(({ id }) => live.texts.textOf(id)?.sha256 ?? ''))],
    filter,
  )
  const ranked: Ranked[] = []
  page.forEach(({ id, score }, i) => {
    const sha256 = live.texts.textOf(id)?.sha256
    const [document, ...copies] = (sha256 && documents.get(sha256)) || []
    if (!document || !sha256) return
    ranked.push({
      document,
      copies: copies.length,
      candidate: {
        chunkId: id,
        sha256,
        keyword: { rank: offset + i + 1, score, share: 0 },
        semantic: null,
        foreign: false,
        fused: score,
      },
      score: null,
      reranked: false,
      rerank: null,
      more: [],
    })
  })
  return { ranked, total: { chunks: ids.length, documents: texts.length } }
}
