/** One question to both indexes, while the new one waits for the person. */
import { Button, Loader, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useHistory } from '../hooks/useReading.ts'
import { useCompare } from '../hooks/useReindex.ts'
import { useWords } from '../i18n/useWords.ts'
import { useWindow } from '../shell/useWindow.tsx'
import classes from './Compare.module.css'
import { SideBySide } from './SideBySide.tsx'

const shownSearches = 5

export function Compare({ liveName, nextName }: { liveName: string; nextName: string }) {
  const { t } = useTranslation()
  const words = useWords()
  const { open } = useWindow()
  const history = useHistory() ?? []
  const [draft, setDraft] = useState('')
  const [query, setQuery] = useState('')
  const { data, error, isFetching, refetch } = useCompare(query)

  const ask = (text: string) => {
    const asked = text.trim()
    setDraft(text)
    if (asked === query && asked !== '') void refetch()
    else setQuery(asked)
  }

  return (
    <div className={classes.compare} data-testid="compare">
      <form
        className={classes.ask}
        onSubmit={(event) => {
          event.preventDefault()
          ask(draft)
        }}
      >
        <TextInput
          flex={1}
          maxLength={1000}
          aria-label={t('reindexing.compareLabel')}
          placeholder={t('reindexing.comparePlaceholder')}
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          data-testid="compare-query"
        />
        <Button type="submit" variant="default" disabled={draft.trim() === ''} data-testid="compare-run">
          {t('reindexing.compare')}
        </Button>
      </form>
      {query === '' && <p className={classes.hint}>{t('reindexing.compareHint')}</p>}
      {history.length > 0 && (
        <div className={classes.searches} role="group" aria-label={t('search.recent')}>
          {history.slice(0, shownSearches).map((one) => (
            <button
              key={one}
              type="button"
              className={classes.search}
              aria-pressed={one === query}
              onClick={() => ask(one)}
            >
              {one}
            </button>
          ))}
        </div>
      )}
      {isFetching && <Loader size={16} mt="sm" />}
      {error && !isFetching && (
        <p className={classes.bad} role="alert">
          {words.error(error)}
        </p>
      )}
      {data && query !== '' && (
        <div className={classes.results}>
          <SideBySide
            left={data.live}
            right={data.next}
            leftName={liveName}
            rightName={nextName}
            empty={t('trial.nothing')}
            onOpen={({ documentId, title }) =>
              open({ documentId, title, hit: null, passages: [], chunkId: null })
            }
          />
        </div>
      )}
    </div>
  )
}
