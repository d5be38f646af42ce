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
