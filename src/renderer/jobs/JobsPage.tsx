/** What the engine is doing, how far it is, how long it will take, and how to stop it. */
import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useStatus } from '../hooks/useStatus.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Sentence } from '../parts/Sentence.tsx'
import { useWindow } from '../shell/useWindow.tsx'
import { FormerIndex } from './FormerIndex.tsx'
import { IngestJob } from './IngestJob.tsx'
import { DownloadJobs } from './DownloadJobs.tsx'
import classes from './JobsPage.module.css'
import { ReindexJob } from './ReindexJob.tsx'

export function JobsPage() {
  const { t } = useTranslation()
  const format = useFormat()
  const status = useStatus()
  const { go, setProblemsOnly } = useWindow()
  if (!status) return null
  const { documents, ingest, reindex, former } = status
  const problems = documents.failed + documents.partial
  const totals = [
    ['jobs.totalFiles', documents.total],
    ['jobs.totalIndexed', documents.indexed],
    ['jobs.totalPartial', documents.partial],
    ['jobs.totalFailed', documents.failed],
    ['jobs.totalWaiting', documents.waiting],
    ['jobs.totalPassages', status.chunks],
  ] as const
  return (
    <div className={classes.page}>
      <h1 className={classes.title}>{t('jobs.title')}</h1>
      {ingest && <IngestJob ingest={ingest} />}
      {reindex && <ReindexJob reindex={reindex} live={status.live} />}
      <DownloadJobs />
      {!ingest && !reindex && (
        <div className={classes.job}>
          <Sentence
            title={
              documents.total === 0
                ? t('jobs.idleEmpty')
                : problems > 0
                  ? t('jobs.idleProblems', { count: problems })
                  : t('jobs.idle')
            }
            testId="jobs-idle"
          >
            {problems > 0 && (
              <Button
                mt="sm"
                variant="default"
                onClick={() => {
                  setProblemsOnly(true)
                  go('library')
                }}
              >
                {t('jobs.seeProblems')}
              </Button>
            )}
          </Sentence>
        </div>
      )}
      {former && (
        <FormerIndex
          former={former}
          isWanted={reindex?.embeddingModel === former.embeddingModel && reindex.strategy === former.strategy}
        />
      )}
      <section aria-label={t('jobs.totals')}>
        <h2 className={classes.subtitle}>{t('jobs.totals')}</h2>
        <dl className={classes.totals}>
          {totals.map(([name, value]) => (
            <div key={name}>
              <dt>{t(name)}</dt>
              <dd>{format.number(value)}</dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  )
}
