/** One quiet sentence in the middle of an empty place, with what to do about it. */
import type { ReactNode } from 'react'
import classes from './Sentence.module.css'

interface SentenceProps {
  title: string
  hint?: string | undefined
  children?: ReactNode
  testId?: string
}

export function Sentence({ title, hint, children, testId }: SentenceProps) {
  return (
    <div className={classes.box} data-testid={testId}>
      <p className={classes.title}>{title}</p>
      {hint && <p className={classes.hint}>{hint}</p>}
      {children}
    </div>
  )
}
