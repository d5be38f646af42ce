/** How a list of hits falls apart: read closely, weak ones folded, and what the time did not cover. */
import type { Hit, SearchUpdate } from '../../shared/search.ts'

export interface Sections {
  main: Hit[]
  /** Scored under 20: folded away, but for the nearest few where nothing better is there. */
  weak: Hit[]
  /** Below the divider: the reranker did not come to them. */
  unread: Hit[]
}

const nearest = 5

export function sectionsOf(update: SearchUpdate): Sections {
  const wasReranked = update.hits.some((hit) => hit.reranked)
  const unread = wasReranked ? update.hits.filter((hit) => !hit.reranked) : []
  const rest = wasReranked ? update.hits.filter((hit) => hit.reranked) : update.hits
  if (update.nothingFits) return { main: rest.slice(0, nearest), weak: rest.slice(nearest), unread }
  return {
    main: rest.filter((hit) => hit.word !== 'weak'),
    weak: rest.filter((hit) => hit.word === 'weak'),
    unread,
  }
}

/** The surface strings of the query's words in a passage, longest first, for marking them elsewhere. */
export function markedStrings(hit: Hit): string[] {
  const strings = new Set(hit.marks.map(([start, end]) => hit.chunk.text.slice(start, end)))
  return [...strings].filter((text) => text.trim() !== '').sort((a, b) => b.length - a.length)
}
