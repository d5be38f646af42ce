/** A text with the query's words bold and its best sentence underlined; the two overlap freely. */
import type { Range } from '../../shared/search.ts'
import classes from './HitCard.module.css'

interface MarkedProps {
  text: string
  marks: Range[]
  best?: Range | null
}

export function Marked({ text, marks, best = null }: MarkedProps) {
  return pieces(text, marks, best).map(({ start, end, isMark, isBest }) => {
    const piece = text.slice(start, end)
    const inner = isMark ? <mark key={start}>{piece}</mark> : piece
    return isBest ? (
      <span key={start} className={classes.best}>
        {inner}
      </span>
    ) : (
      inner
    )
  })
}

interface Piece {
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
