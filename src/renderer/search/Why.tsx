/** Why a hit stands where it stands, in words; the figures of every stage below [SE4]. */
import { useTranslation } from 'react-i18next'
import type { Hit } from '../../shared/search.ts'
import { useFormat } from '../i18n/useFormat.ts'
import classes from './Why.module.css'

export function Why({ hit, terms }: { hit: Hit; terms: string[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { keyword, semantic, rerank, fused } = hit.scores
  const figures: [string, string, string?][] = [
    [
      t('why.bm25'),
      keyword ? format.figure(keyword.score) : t('why.none'),
      keyword ? t('why.place', { rank: keyword.rank }) : undefined,
    ],
    [
      t('why.cosine'),
      semantic ? format.figure(semantic.cosine) : t('why.none'),
      semantic ? t('why.place', { rank: semantic.rank }) : undefined,
    ],
    [t('why.fused'), format.figure(fused)],
    [
      t('why.logit'),
      rerank ? format.figure(rerank.logit) : t('why.none'),
      rerank ? t('why.place', { rank: rerank.rank }) : undefined,
    ],
    [t('why.final'), hit.score === null ? t('why.none') : format.figure(hit.score)],
  ]
  return (
    <section className={classes.why} aria-label={t('why.title', { rank: hit.rank })} data-testid="why-panel">
      <ul className={classes.reasons}>
        <li>{closely(hit)}</li>
        <li>
          {semantic
            ? t('why.meaning', { percent: format.percent(semantic.percentile, 1) })
            : t('why.noMeaning')}
        </li>
        <li>
          {keyword
            ? t('why.words', { found: Math.min(keyword.terms.length, terms.length), total: terms.length })
            : t('why.noWords')}
          {keyword && keyword.terms.length > 0 && (
            <span className={classes.terms}>
              {keyword.terms.map((term) => (
                <span key={term} className={classes.term}>
                  {term}
                </span>
              ))}
            </span>
          )}
        </li>
      </ul>
      <details className={classes.figures}>
        <summary>{t('why.figures')}</summary>
        <table className={classes.table}>
          <tbody>
            {figures.map(([name, value, place]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{value}</td>
                <td>{place}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  )

  function closely({ scores, score, reranked }: Hit): string {
    if (!scores.rerank || !reranked) return t('why.notReranked')
    const before = Math.min(scores.keyword?.rank ?? Infinity, scores.semantic?.rank ?? Infinity)
    const facts = { rank: scores.rerank.rank, before: before === Infinity ? '–' : before }
    return score === null
      ? t('why.rerankRank', facts)
      : t('why.rerank', { ...facts, score: Math.floor(score * 100 + 1e-9) })
  }
}
