/** Facts beside each other, each kept together where the line breaks. */
import classes from './Models.module.css'

export function Facts({ facts }: { facts: string[] }) {
  return (
    <span className={classes.facts}>
      {facts
        .filter((fact) => fact !== '')
        .map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
    </span>
  )
}
