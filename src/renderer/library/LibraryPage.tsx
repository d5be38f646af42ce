/** Everything in the library: what needs the person's attention, every document with its state, where files come from. */
import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DocumentQuery } from '../../shared/contract.ts'
import { useDocumentList } from '../hooks/useDocuments.ts'
import { useStatus } from '../hooks/useStatus.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { Icon } from '../parts/Icon.tsx'
import { Sentence } from '../parts/Sentence.tsx'
import { useWindow } from '../shell/useWindow.tsx'
import { DocumentTable, type Sort } from './DocumentTable.tsx'
import classes from './LibraryPage.module.css'
import { Problems } from './Problems.tsx'
import { useRemoval } from './useRemoval.tsx'

export function LibraryPage() {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const status = useStatus()
  const { problemsOnly, setProblemsOnly } = useWindow()
  const [text, setText] = useState('')
  const [wanted] = useDebouncedValue(text, 150)
  const [sort, setSort] = useState<Sort>({ by: 'added', descending: true })
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const removal = useRemoval(() => setChosen(new Set()))
  const query: Partial<DocumentQuery> = { text: wanted, sort: sort.by, descending: sort.descending }
  const list = useDocumentList(problemsOnly ? { ...query, statuses: ['failed', 'partial'] } : query)
  const problems = (status?.documents.failed ?? 0) + (status?.documents.partial ?? 0)
  const ids = [...chosen]

  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1 className={classes.title}>{t('library.title')}</h1>
        <TextInput
          className={classes.filter}
          placeholder={t('library.filter')}
          aria-label={t('library.filter')}
          leftSection={<Icon name="find" size={14} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          data-testid="library-filter"
        />
        <SegmentedControl
          size="xs"
          value={problemsOnly ? 'problems' : 'all'}
          onChange={(value) => setProblemsOnly(value === 'problems')}
          data={[
            { value: 'all', label: t('library.all') },
            {
              value: 'problems',
              label:
                problems > 0 ? `${t('library.problems')} ${format.number(problems)}` : t('library.problems'),
            },
          ]}
          data-testid="library-scope"
        />
        <span className={classes.count}>
          {t('library.count', { count: list.total, formatted: format.number(list.total) })}
        </span>
        {ids.length > 0 && (
          <span className={classes.chosen}>
            {t('library.selected', { count: ids.length })}
            <Button variant="default" onClick={() => removal.remove(ids)} data-testid="remove-selected">
              {t('library.remove')}
            </Button>
            <Button variant="default" onClick={() => removal.askForget(ids)} data-testid="forget-selected">
              {t('library.forget')}
            </Button>
          </span>
        )}
      </header>
      {problemsOnly && <Problems />}
      {list.error ? (
        <Sentence title={words.error(list.error)} />
      ) : list.documents.length === 0 && !list.isPending ? (
        problemsOnly && wanted === '' ? (
          <Sentence title={t('library.problemsNone')} />
        ) : (
          <Sentence title={wanted === '' ? t('library.empty') : t('library.emptyFiltered')} />
        )
      ) : (
        <DocumentTable
          documents={list.documents}
          sort={sort}
          onSort={setSort}
          chosen={chosen}
          onChoose={setChosen}
          onEnd={() => list.hasNextPage && !list.isFetching && void list.fetchNextPage()}
          removal={removal}
        />
      )}
      {removal.dialogs}
    </div>
  )
}
