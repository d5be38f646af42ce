/** Paints the query's words inside some elements without touching their nodes (CSS custom highlights). */
import { places } from './places.ts'

const name = 'terms'
const mostRanges = 500

/** Gives back how to take the paint away. */
export function markTerms(elements: HTMLElement[], terms: string[]): () => void {
  const ranges: Range[] = []
  const wanted = terms.map((term) => term.toLowerCase())
  for (const element of elements) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node && ranges.length < mostRanges; node = walker.nextNode()) {
      const text = (node.nodeValue ?? '').toLowerCase()
      for (const [start, end] of places(text, wanted)) {
        const range = document.createRange()
        range.setStart(node, start)
        range.setEnd(node, Math.min(end, node.nodeValue?.length ?? 0))
        ranges.push(range)
      }
    }
  }
  if (ranges.length > 0) CSS.highlights.set(name, new Highlight(...ranges))
  else CSS.highlights.delete(name)
  return () => void CSS.highlights.delete(name)
}
