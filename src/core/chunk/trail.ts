/**
 * What the model reads before a chunk: the document's own title and the headings above, one a line. A trail that would
 * take too much is shortened from its middle; the text never is.
 */
import type { CountContent } from './units.ts'

/** Part of the recipe: another format is another input. */
export const trailVersion = 'trail/1'

export interface Trail {
  /** Title first, without repeats: what the person sees. */
  headings: string[]
  /** Lines before the text, '' when there are none. */
  prefix: string
  tokens: number
}

const noTrail: Trail = { headings: [], prefix: '', tokens: 0 }

export function trailOf(
  title: string | null,
  headings: readonly string[],
  budget: number,
  count: CountContent,
): Trail {
  const full: string[] = []
  for (const line of [title ?? '', ...headings]) {
    const clean = line.replace(/\s+/g, ' ').trim()
    // A title is often the first heading too.
    if (clean !== '' && full.at(-1) !== clean) full.push(clean)
  }
  if (full.length === 0) return noTrail
  const lines = [...full]
  for (;;) {
    const prefix = lines.join('\n') + '\n'
    const tokens = count(prefix)
    if (tokens <= budget) return { headings: full, prefix, tokens }
    if (lines.length > 2) lines.splice(1, 1)
    else {
      const longest = lines.reduce((at, line, i) => (line.length > lines[at]!.length ? i : at), 0)
      const shorter = halve(lines[longest]!)
      if (shorter === '') lines.splice(longest, 1)
      else lines[longest] = shorter
      if (lines.length === 0) return { headings: full, prefix: '', tokens: 0 }
    }
  }
}

/** The first half, not cut inside a surrogate pair; '' when little is left. */
function halve(line: string): string {
  const half = Math.floor(line.length / 2)
  if (half < 8) return ''
  const end = line.charCodeAt(half - 1) >= 0xd800 && line.charCodeAt(half - 1) < 0xdc00 ? half - 1 : half
  return line.slice(0, end).trimEnd()
}
