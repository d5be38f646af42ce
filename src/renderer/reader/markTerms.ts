/** Paints the query's words inside some elements without touching their nodes (CSS custom highlights). */
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

/** Where the terms stand; the longest wins where two begin at the same place. */
export function places(text: string, terms: string[]): [number, number][] {
  const found: [number, number][] = []
  for (const term of terms) {
    if (term === '') continue
    for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
      const end = at + term.length
      const isWord = !/[a-z0-9]/.test(term) || (!isLetter(text[at - 1]) && !isLetter(text[end]))
      if (isWord && !found.some(([start, stop]) => at < stop && end > start)) found.push([at, end])
    }
  }
  return found
}

const isLetter = (character: string | undefined): boolean =>
  character !== undefined && /[a-z0-9]/.test(character)
