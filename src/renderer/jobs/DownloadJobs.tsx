/** Downloads of models that are under way or failed, beside the other work. */
import { useTranslation } from 'react-i18next'
import { useCatalog } from '../hooks/useModels.ts'
import { Download } from '../models/Download.tsx'
import classes from './JobsPage.module.css'

export function DownloadJobs() {
  const { t } = useTranslation()
  const { entries } = useCatalog()
  return entries.map(
    (entry) =>
      entry.download &&
      entry.download.state !== 'paused' && (
        <section
          key={entry.id}
          className={classes.job}
          aria-label={t('manager.progressOf', { name: entry.name })}
        >
          <div className={classes.body}>
            <span className={classes.name}>{t('manager.progressOf', { name: entry.name })}</span>
            <Download entry={entry} download={entry.download} />
          </div>
        </section>
      ),
  )
}
