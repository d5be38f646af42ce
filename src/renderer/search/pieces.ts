/** A text cut where a mark or the best sentence begins or ends, so that the two may overlap. */
import type { Range } from '../../shared/search.ts'

export interface Piece {
  start: number
  end: number
  isMark: boolean
  isBest: boolean
}

export function pieces(text: string, marks: Range[], best: Range | null): Piece[] {
  const cuts = new Set([0, text.length, ...marks.flat(), ...(best ?? [])])
  const at = [...cuts].filter((cut) => cut >= 0 && cut <= text.length).sort((a, b) => a - b)
  const found: Piece[] = []
  for (let i = 0; i + 1 < at.length; i++) {
    const start = at[i]!
    const end = at[i + 1]!
    const inside = (range: Range) => start >= range[0] && end <= range[1]
    found.push({ start, end, isMark: marks.some(inside), isBest: best !== null && inside(best) })
  }
  return found
}
