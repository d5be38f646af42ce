/** Before anything was typed: how to ask, and what was asked before. */
import { useTranslation } from 'react-i18next'
import { useHistory } from '../hooks/useReading.ts'
import { useSettings } from '../hooks/useSettings.ts'
import { Icon } from '../parts/Icon.tsx'
import { Sentence } from '../parts/Sentence.tsx'
import { useSearchPage } from './SearchProvider.tsx'
import classes from './StartPage.module.css'

const shownQueries = 12

export function StartPage() {
  const { t } = useTranslation()
  const { ask } = useSearchPage()
  const queries = useHistory(useSettings()?.searchHistory ?? false) ?? []
  return (
    <div className={classes.page}>
      <Sentence title={t('search.start')} hint={t('search.startHint')} />
      {queries.length > 0 && (
        <section className={classes.recent} aria-label={t('search.recent')}>
          <h2 className={classes.title}>{t('search.recent')}</h2>
          {queries.slice(0, shownQueries).map((query) => (
            <button key={query} type="button" className={classes.query} onClick={() => ask(query)}>
              <Icon name="find" size={13} />
              <span>{query}</span>
            </button>
          ))}
        </section>
      )}
    </div>
  )
}
