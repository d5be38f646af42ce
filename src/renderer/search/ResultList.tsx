/** The answer as the person reads it: counts, notes, cards, what is folded, what only its name gave away. */
import { Button } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Hit } from '../../shared/search.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { Icon } from '../parts/Icon.tsx'
import { Sentence } from '../parts/Sentence.tsx'
import { readingOf, useWindow } from '../shell/useWindow.tsx'
import { HitCard } from './HitCard.tsx'
import { hitListId } from './listFocus.ts'
import { ListHead } from './ListHead.tsx'
import { NameHits } from './NameHits.tsx'
import { Notes } from './Notes.tsx'
import classes from './ResultList.module.css'
import { useSearchPage } from './SearchProvider.tsx'
import { sectionsOf } from './sections.ts'
import { StartPage } from './StartPage.tsx'
import { useFirstPreview } from './useFirstPreview.ts'
import { useListKeys } from './useListKeys.ts'

export function ResultList() {
  const { t } = useTranslation()
  const words = useWords()
  const format = useFormat()
  const { question, search, setMode } = useSearchPage()
  const { reading, preview, open } = useWindow()
  const [showsWeak, setShowsWeak] = useState(false)
  const list = useRef<HTMLDivElement>(null)
  const { shown, better, error, working } = search
  useEffect(() => setShowsWeak(false), [search.key])
  useListKeys(list, search)
  useFirstPreview()

  if (!shown) {
    if (error) return <Failure message={words.error(error)} onRetry={search.again} />
    return question.query.trim() === '' ? <StartPage /> : <div className={classes.list} aria-busy="true" />
  }

  const { main, weak, unread } = sectionsOf(shown)
  const isExact = question.mode === 'exact'
  const total = shown.total
  const isNothing = shown.hits.length === 0
  const isFiltered = Object.keys(question.filters).length > 0
  const card = (hit: Hit) => (
    <HitCard
      key={hit.chunk.id}
      hit={hit}
      count={shown.hits.length}
      hasScore={!isExact}
      terms={shown.terms}
      isCurrent={reading?.hit?.chunk.id === hit.chunk.id}
      onPreview={() => preview(readingOf(hit, shown.hits))}
      onOpen={(chunkId) =>
        open(chunkId ? { ...readingOf(hit, shown.hits), chunkId } : readingOf(hit, shown.hits))
      }
    />
  )
  const announced = isNothing
    ? t('search.liveNone')
    : t('search.live', { count: shown.hits.length, formatted: format.number(shown.hits.length) })

  return (
    <div className={classes.frame}>
      <ListHead
        files={shown.nothingFits ? 0 : new Set([...main, ...unread].map((hit) => hit.document.id)).size}
      />
      <p className="visually-hidden" aria-live="polite" data-testid="result-count">
        {working ? '' : announced}
      </p>
      {better && (
        <Button
          className={classes.better}
          size="compact-sm"
          radius="xl"
          onClick={search.takeBetter}
          leftSection={<Icon name="sort" size={13} />}
          rightSection={<kbd className={classes.key}>R</kbd>}
          data-testid="better-order"
        >
          {t('search.betterOrder')}
        </Button>
      )}
      <div
        ref={list}
        id={hitListId}
        className={classes.list}
        onPointerMove={search.enter}
        onKeyDown={search.enter}
        onWheel={search.enter}
        data-testid="hits"
      >
        {error && (
          <p className={classes.error} role="alert" data-testid="search-error">
            {words.error(error)}
          </p>
        )}
        <Notes codes={shown.notes} />
        {/* A name with the words says more than passages that do not answer. */}
        {shown.nothingFits && <NameHits update={shown} />}
        {shown.nothingFits && !isNothing && (
          <p className={classes.nothing} data-testid="nothing-fits">
            {t('search.nothingFits')}
          </p>
        )}
        {main.map(card)}
        {weak.length > 0 && (
          <Divider
            text={t('search.weak', { count: weak.length })}
            action={showsWeak ? t('search.hide') : t('search.show')}
            onAction={() => setShowsWeak(!showsWeak)}
            testId="weak-toggle"
          />
        )}
        {showsWeak && weak.map(card)}
        {unread.length > 0 && (
          <>
            <Divider text={t('search.notReranked')} testId="not-reranked" />
            {unread.map(card)}
          </>
        )}
        {isExact && total && shown.hits.length < total.chunks && !search.ended && (
          <Button
            className={classes.more}
            variant="default"
            onClick={search.more}
            loading={working}
            data-testid="load-more"
          >
            {t('search.more')}
          </Button>
        )}
        {!shown.nothingFits && <NameHits update={shown} />}
        {isNothing && shown.names.length === 0 && !working && (
          <Sentence
            title={isExact ? t('search.exactNone') : isFiltered ? t('search.noneFiltered') : t('search.none')}
            hint={isExact ? t('search.exactNoneHint') : undefined}
            testId="no-results"
          >
            {isExact && (
              <Button variant="default" onClick={() => setMode('hybrid')}>
                {t('search.trySmart')}
              </Button>
            )}
          </Sentence>
        )}
      </div>
    </div>
  )
}

interface DividerProps {
  text: string
  action?: string
  testId: string
  onAction?(): void
}

function Divider({ text, action, onAction, testId }: DividerProps) {
  return (
    <div className={classes.divider} role="separator" aria-label={text} data-testid={testId}>
      <span>{text}</span>
      {action && (
        <button type="button" className={classes.link} onClick={onAction}>
          {action}
        </button>
      )}
    </div>
  )
}

function Failure({ message, onRetry }: { message: string; onRetry(): void }) {
  const { t } = useTranslation()
  return (
    <Sentence title={message} testId="search-error">
      <Button variant="default" onClick={onRetry}>
        {t('app.retry')}
      </Button>
    </Sentence>
  )
}
