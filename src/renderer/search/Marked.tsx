/** A text with the query's words bold and its best sentence underlined; the two overlap freely. */
import type { Range } from '../../shared/search.ts'
import classes from './HitCard.module.css'
import { pieces } from './pieces.ts'

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
