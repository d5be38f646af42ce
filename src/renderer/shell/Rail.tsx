import { useTranslation } from 'react-i18next'
import { useStatus } from '../hooks/useStatus.ts'
import { Icon } from '../parts/Icon.tsx'
import classes from './Rail.module.css'
import { useWindow, type View } from './useWindow.tsx'

const views: View[] = ['find', 'library', 'jobs', 'settings']

export function Rail() {
  const { t } = useTranslation()
  const { view, go } = useWindow()
  const status = useStatus()
  const isBusy = Boolean(status?.ingest ?? status?.reindex)
  return (
    <nav className={classes.rail} aria-label={t('rail.label')}>
      {views.map((name) => (
        <button
          key={name}
          type="button"
          className={classes.item}
          aria-current={view === name ? 'page' : undefined}
          onClick={() => go(name)}
          data-testid={`rail-${name}`}
        >
          <span className={classes.icon}>
            <Icon name={name} size={20} />
            {name === 'jobs' && isBusy && <span className={classes.dot} />}
          </span>
          <span>{t(`rail.${name}`)}</span>
        </button>
      ))}
    </nav>
  )
}
