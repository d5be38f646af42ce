/** How a list of hits falls apart: read closely, weak ones folded, and what the time did not cover. */
import type { Hit, SearchUpdate } from '../../shared/search.ts'

export interface Sections {
  main: Hit[]
  /** Scored under 20: folded away, unless nothing better is there. */
  weak: Hit[]
  /** Below the divider: the reranker did not come to them. */
  unread: Hit[]
}

export function sectionsOf(update: SearchUpdate): Sections {
  const wasReranked = update.hits.some((hit) => hit.reranked)
  const unread = wasReranked ? update.hits.filter((hit) => !hit.reranked) : []
  const rest = wasReranked ? update.hits.filter((hit) => hit.reranked) : update.hits
  const weak = update.nothingFits ? [] : rest.filter((hit) => hit.word === 'weak')
  return { main: rest.filter((hit) => !weak.includes(hit)), weak, unread }
}

/** The surface strings of the query's words in a passage, longest first, for marking them elsewhere. */
export function markedStrings(hit: Hit): string[] {
  const strings = new Set(hit.marks.map(([start, end]) => hit.chunk.text.slice(start, end)))
  return [...strings].filter((text) => text.trim() !== '').sort((a, b) => b.length - a.length)
}
