/** Above the list: how much was found, and in exact mode its order and export. */
import { Button, Menu, Select } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useExport } from '../hooks/useExport.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Icon } from '../parts/Icon.tsx'
import classes from './ListHead.module.css'
import { useSearchPage } from './SearchProvider.tsx'

const sorts = ['relevance', 'date', 'place'] as const
const sortNames = {
  relevance: 'search.sortRelevance',
  date: 'search.sortDate',
  place: 'search.sortPlace',
} as const

/** `files`: documents shown, without those folded away. */
export function ListHead({ files }: { files: number }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { question, search, setMode, setSort } = useSearchPage()
  const exportAs = useExport(question)
  const { shown } = search
  if (!shown) return null
  const { total } = shown
  if (question.mode === 'exact') {
    return (
      <div className={classes.head}>
        <span className={classes.count} data-testid="exact-total">
          {total &&
            t('search.exactTotal', {
              count: total.documents,
              formatted: format.number(total.documents),
              places: t('search.exactPlaces', {
                count: total.chunks,
                formatted: format.number(total.chunks),
              }),
            })}
        </span>
        <Select
          w={124}
          aria-label={t('search.sort')}
          data={sorts.map((sort) => ({ value: sort, label: t(sortNames[sort]) }))}
          value={question.sort}
          onChange={(value) => setSort(sorts.find((sort) => sort === value) ?? 'relevance')}
        />
        <Menu position="bottom-end">
          <Menu.Target>
            <Button
              variant="default"
              disabled={shown.hits.length === 0}
              rightSection={<Icon name="down" size={12} />}
            >
              {t('search.export')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => exportAs('csv')}>{t('search.exportCsv')}</Menu.Item>
            <Menu.Item onClick={() => exportAs('markdown')}>{t('search.exportMarkdown')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
    )
  }
  return (
    <div className={classes.head}>
      <span className={classes.count}>
        {files > 0 && t('search.best', { count: files, formatted: format.number(files) })}
        {<span className={classes.took}>{t('search.took', { ms: format.number(shown.tookMs) })}</span>}
      </span>
      {files > 0 && (
        <button type="button" className={classes.link} onClick={() => setMode('exact')}>
          {t('search.withWords')}
        </button>
      )}
    </div>
  )
}
