/** Type, folder, tag, date. Each says what it is set to; one button clears them all. */
import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { documentKinds } from '../../shared/document.ts'
import { useFolders, useTags } from '../hooks/useDocuments.ts'
import classes from './FilterBar.module.css'
import { ChoiceFilter } from './ChoiceFilter.tsx'
import { DateFilter } from './DateFilter.tsx'
import { useSearchPage } from './SearchProvider.tsx'

export function FilterBar() {
  const { t } = useTranslation()
  const { question, setFilters } = useSearchPage()
  const { filters } = question
  const folders = useFolders()
  const tags = useTags()
  const isFiltered = Object.keys(filters).length > 0
  return (
    <div className={classes.bar} role="group" aria-label={t('filters.label')}>
      <ChoiceFilter
        name={t('filters.type')}
        icon="file"
        testId="filter-type"
        choices={documentKinds.map((kind) => ({ value: kind, label: t(`kinds.${kind}`) }))}
        chosen={filters.kinds ?? []}
        onChange={(chosen) => {
          const kinds = documentKinds.filter((kind) => chosen.includes(kind))
          setFilters(without(filters, 'kinds', kinds.length > 0 ? { kinds } : {}))
        }}
      />
      <ChoiceFilter
        name={t('filters.folder')}
        icon="folder"
        testId="filter-folder"
        choices={folders.map(({ path, documents }) => ({
          value: path,
          label: path === '' ? t('filters.top') : path,
          count: documents,
        }))}
        chosen={filters.folders ?? []}
        onChange={(chosen) =>
          setFilters(without(filters, 'folders', chosen.length > 0 ? { folders: chosen } : {}))
        }
      />
      <ChoiceFilter
        name={t('filters.tag')}
        icon="tag"
        testId="filter-tag"
        choices={tags.map(({ tag, documents }) => ({ value: tag, label: tag, count: documents }))}
        chosen={filters.tags ?? []}
        onChange={(chosen) => setFilters(without(filters, 'tags', chosen.length > 0 ? { tags: chosen } : {}))}
      />
      <DateFilter filters={filters} onChange={setFilters} />
      {isFiltered && (
        <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setFilters({})}>
          {t('filters.clear')}
        </Button>
      )}
    </div>
  )
}

type Filters = ReturnType<typeof useSearchPage>['question']['filters']

function without(filters: Filters, name: keyof Filters, patch: Partial<Filters>): Filters {
  const { [name]: _gone, ...rest } = filters
  return { ...rest, ...patch }
}
