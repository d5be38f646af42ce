/** A four-step meter, a word and a number. Uncalibrated: a place. Not read closely: a grey meter and no claim. */
import { useTranslation } from 'react-i18next'
import type { Hit } from '../../shared/search.ts'
import classes from './Score.module.css'

const steps = { strong: 4, good: 3, possible: 2, weak: 1 } as const

export function Score({ hit, count }: { hit: Hit; count: number }) {
  const { t } = useTranslation()
  const { score, word } = hit
  if (score !== null && word !== null) {
    // Down, so that 79.6 is never a "Good 80".
    const number = Math.floor(score * 100 + 1e-9)
    return (
      <span
        className={classes.score}
        data-word={word}
        role="img"
        aria-label={t('hit.scoreLabel', { word: t(`hit.${word}`), number })}
      >
        <Meter filled={steps[word]} />
        <span data-testid="hit-word">{t(`hit.${word}`)}</span>
        <span className={classes.number} data-testid="hit-score">
          {number}
        </span>
      </span>
    )
  }
  return <Unscored hit={hit} count={count} />
}

function Unscored({ hit, count }: { hit: Hit; count: number }) {
  const { t } = useTranslation()
  const text = hit.reranked ? t('hit.rankOnly', { rank: hit.rank, count }) : null
  return (
    <span className={classes.score} role="img" aria-label={text ?? t('hit.notRead')}>
      <Meter filled={0} />
      {text && <span className={classes.number}>{text}</span>}
    </span>
  )
}

function Meter({ filled }: { filled: number }) {
  return (
    <span className={classes.meter} aria-hidden="true">
      {[1, 2, 3, 4].map((step) => (
        <span key={step} className={classes.step} data-on={step <= filled || undefined} />
      ))}
    </span>
  )
}
