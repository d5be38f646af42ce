import { Button, Progress, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ReindexStatus } from '../../shared/status.ts'
import { useAct } from '../hooks/useAct.ts'
import { useJobs } from '../hooks/useJobs.ts'
import { useModels } from '../hooks/useSettings.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Confirm } from '../parts/Confirm.tsx'
import { Icon } from '../parts/Icon.tsx'
import classes from './JobsPage.module.css'

export function ReindexJob({ reindex }: { reindex: ReindexStatus }) {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const jobs = useJobs()
  const models = useModels()
  const [asks, setAsks] = useState(false)
  const { state, documentsDone, documentsTotal, chunksDone, chunksPerSecond, secondsLeft } = reindex
  const name = models?.find((model) => model.id === reindex.embeddingModel)?.name ?? reindex.embeddingModel
  const isPaused = state === 'paused'
  return (
    <section
      className={classes.job}
      aria-label={t('jobs.reindex')}
      data-testid="reindex-job"
      data-state={state}
    >
      <div className={classes.body}>
        <div className={classes.head}>
          <span className={classes.name}>{t('jobs.reindex')}</span>
          {state !== 'failed' && (
            <Button
              variant="default"
              leftSection={<Icon name={isPaused ? 'play' : 'pause'} size={13} />}
              onClick={() => void act(isPaused ? jobs.resumeReindex : jobs.pauseReindex)}
              data-testid="reindex-pause"
            >
              {isPaused ? t('app.resume') : t('app.pause')}
            </Button>
          )}
          {state === 'failed' && (
            <Button variant="default" onClick={() => void act(jobs.startReindex)} data-testid="reindex-retry">
              {t('app.retry')}
            </Button>
          )}
          <Button variant="default" onClick={() => setAsks(true)} data-testid="reindex-cancel">
            {t('app.cancel')}
          </Button>
        </div>
        <Progress
          value={documentsTotal === 0 ? 0 : (100 * documentsDone) / documentsTotal}
          size={8}
          color={state === 'building' ? undefined : 'gray'}
          aria-label={t('jobs.reindex')}
        />
        <div className={classes.facts}>
          <span className={classes.strong}>
            {t('jobs.reindexProgress', {
              done: format.number(documentsDone),
              total: format.number(documentsTotal),
              passages: format.number(chunksDone),
            })}
          </span>
          {isPaused && <span>{t('app.paused')}</span>}
          {state === 'building' && chunksPerSecond !== null && (
            <span>{t('jobs.ratePassages', { rate: format.rate(chunksPerSecond) })}</span>
          )}
          {state === 'building' && (
            <span>
              {secondsLeft === null
                ? t('jobs.estimating')
                : t('app.timeLeft', { time: format.duration(secondsLeft) })}
            </span>
          )}
        </div>
        <p className={classes.note}>
          {t('jobs.reindexWith', { model: name, strategy: t(`settings.${reindex.strategy}`) })}
          <br />
          {t('jobs.reindexKeeps')}
        </p>
        {state === 'failed' && (
          <p className={`${classes.note} ${classes.bad}`} role="alert">
            {t('jobs.reindexFailed', { error: reindex.error ?? '' })}
          </p>
        )}
      </div>
      <Confirm
        opened={asks}
        title={t('jobs.reindexCancelTitle')}
        confirm={t('jobs.reindexCancelConfirm')}
        cancel={t('jobs.reindexKeep')}
        testId="reindex-cancel-confirm"
        onClose={() => setAsks(false)}
        onConfirm={() => {
          setAsks(false)
          void act(jobs.cancelReindex)
        }}
      >
        <Text size="sm">{t('jobs.reindexCancelBody')}</Text>
      </Confirm>
    </section>
  )
}
