/** "18,204 of 20,011 files read, 1 h 10 left" with the one button that matters while it works. */
import { Button, Progress } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ReindexStatus } from '../../shared/status.ts'
import { useAct } from '../hooks/useAct.ts'
import { useJobs } from '../hooks/useJobs.ts'
import { useStatus } from '../hooks/useStatus.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Icon } from '../parts/Icon.tsx'
import classes from './ReadingState.module.css'
import { useWindow } from './useWindow.tsx'

export function ReadingState() {
  const { t } = useTranslation()
  const status = useStatus()
  const format = useFormat()
  const jobs = useJobs()
  const act = useAct()
  const { go } = useWindow()
  if (!status) return <span className={classes.state}>{t('connection.starting')}</span>
  const { documents, ingest, reindex } = status
  const read = documents.indexed + documents.partial
  const text = ingest
    ? t('app.reading', { done: format.number(read), total: format.number(documents.total) })
    : documents.total === 0
      ? t('app.noFiles')
      : read === documents.total
        ? t('app.allRead', { count: read, formatted: format.number(read) })
        : t('app.reading', { done: format.number(read), total: format.number(documents.total) })
  return (
    <div className={classes.state}>
      {reindex && <ReindexChip reindex={reindex} />}
      {ingest && (
        <Progress
          className={classes.bar}
          value={ingest.total === 0 ? 0 : (100 * ingest.done) / ingest.total}
          size={4}
          aria-label={text}
        />
      )}
      <button type="button" className={classes.text} onClick={() => go('jobs')} data-testid="progress">
        {text}
      </button>
      {ingest?.paused ? (
        <span>{t('app.paused')}</span>
      ) : (
        ingest?.secondsLeft != null && (
          <span>{t('app.timeLeft', { time: format.duration(ingest.secondsLeft) })}</span>
        )
      )}
      {ingest && (
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<Icon name={ingest.paused ? 'play' : 'pause'} size={13} />}
          onClick={() => void act(ingest.paused ? jobs.resume : jobs.pause)}
          data-testid="pause"
        >
          {ingest.paused ? t('app.resume') : t('app.pause')}
        </Button>
      )}
    </div>
  )
}

const chips = {
  building: 'reindexing.chipBuilding',
  paused: 'reindexing.chipPaused',
  failed: 'reindexing.chipFailed',
  complete: 'reindexing.chipComplete',
} as const

/** Quiet while it works; asks for a look when it waits or could not go on. */
function ReindexChip({ reindex }: { reindex: ReindexStatus }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { go } = useWindow()
  const { state, documentsDone, documentsTotal } = reindex
  const percent = format.percent(documentsTotal === 0 ? 0 : documentsDone / documentsTotal)
  return (
    <button
      type="button"
      className={classes.chip}
      data-state={state}
      onClick={() => go('jobs')}
      data-testid="reindex-state"
    >
      {t(chips[state], { percent })}
    </button>
  )
}
