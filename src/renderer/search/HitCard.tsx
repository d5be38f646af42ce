/** One hit: what it is, how well it fits, where it stands, and the lines that say so. */
import { useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Hit } from '../../shared/search.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { KindIcon } from '../parts/KindIcon.tsx'
import { focusReader } from '../reader/useReaderKeys.ts'
import { Around } from './Around.tsx'
import { Copies } from './Copies.tsx'
import classes from './HitCard.module.css'
import { Marked } from './Marked.tsx'
import { Score } from './Score.tsx'
import { usePlace } from './usePlace.ts'
import { Why } from './Why.tsx'

interface HitCardProps {
  hit: Hit
  /** Hits in this list, for "1st of 50". */
  count: number
  /** False in exact mode: every place counts the same there. */
  hasScore: boolean
  terms: string[]
  isCurrent: boolean
  onPreview(): void
  onOpen(chunkId?: number): void
}

export function HitCard({ hit, count, hasScore, terms, isCurrent, onPreview, onOpen }: HitCardProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const place = usePlace(hit)
  const [part, setPart] = useState<'why' | 'around' | 'copies' | null>(null)
  const { document, chunk, scores, more } = hit
  // Its root is the title, which stands above.
  const trail = chunk.headings.filter((heading, at) => at > 0 || heading !== document.title).join(' › ')
  const found = scores.keyword ? (scores.semantic ? 'both' : 'words') : 'meaning'
  const label = [document.title, hit.word && t(`hit.${hit.word}`), place]
    .filter(Boolean)
    .join(t('units.listJoin'))
  const toggle = (name: 'why' | 'around' | 'copies') => setPart(part === name ? null : name)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.key !== 'Enter') return
    onOpen()
    focusReader()
  }
  return (
    <article
      className={classes.card}
      data-hit
      data-current={isCurrent || undefined}
      data-testid="hit"
      data-document={document.id}
      data-chunk={chunk.id}
      tabIndex={0}
      aria-label={label}
      onFocus={(event) => event.target === event.currentTarget && onPreview()}
      onKeyDown={onKeyDown}
    >
      <div className={classes.body} onClick={() => onOpen()}>
        <header className={classes.head}>
          <span className={classes.rank}>{hit.rank}</span>
          <span className={classes.kind}>
            <KindIcon kind={document.kind} />
          </span>
          <span className={classes.title} title={document.path} data-testid="hit-title">
            {document.title}
          </span>
          {hasScore && <Score hit={hit} count={count} />}
        </header>
        <p className={classes.where}>
          <span className={classes.trail} title={trail || document.path}>
            {trail || document.path.split(/[/\\]/).slice(-2).join('/')}
          </span>
          {place && (
            <span className={classes.fact} data-testid="hit-place">
              {place}
            </span>
          )}
          <span className={classes.fact}>{format.date(document.date)}</span>
          {!document.connected && <span className={classes.gone}>{t('hit.notConnected')}</span>}
        </p>
        <p className={classes.snippet} data-testid="hit-snippet">
          <Marked text={hit.snippet.text} marks={hit.snippet.marks} best={hit.snippet.best} />
        </p>
      </div>
      <footer className={classes.foot}>
        <span data-testid="hit-found">{t(`hit.${found}`)}</span>
        {more.length > 0 && (
          <button type="button" className={classes.link} onClick={() => onOpen(more[0]!.chunkId)}>
            {t('hit.more', { count: more.length })}
          </button>
        )}
        {document.copies > 0 && (
          <button type="button" className={classes.link} onClick={() => toggle('copies')}>
            {t('hit.copies', { count: document.copies })}
          </button>
        )}
        <button
          type="button"
          className={classes.link}
          aria-expanded={part === 'around'}
          onClick={() => toggle('around')}
          data-testid="around"
        >
          {part === 'around' ? t('hit.contextHide') : t('hit.context')}
        </button>
        <button
          type="button"
          className={classes.why}
          aria-expanded={part === 'why'}
          onClick={() => toggle('why')}
          data-testid="why"
        >
          {part === 'why' ? t('hit.whyClose') : t('hit.why')}
        </button>
      </footer>
      {part === 'why' && <Why hit={hit} terms={terms} />}
      {part === 'around' && <Around hit={hit} onOpen={onOpen} />}
      {part === 'copies' && <Copies documentId={document.id} />}
    </article>
  )
}
