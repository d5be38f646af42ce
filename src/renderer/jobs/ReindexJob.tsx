/** The new index: how far it is, what search does meanwhile, and what the person can do about it. */
import { Button, Progress, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ReindexStatus, Status } from '../../shared/status.ts'
import { useAct, useBusyAct } from '../hooks/useAct.ts'
import { useJobs } from '../hooks/useJobs.ts'
import { useModelName } from '../hooks/useModels.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Confirm } from '../parts/Confirm.tsx'
import { Icon } from '../parts/Icon.tsx'
import { Compare } from '../switch/Compare.tsx'
import classes from './JobsPage.module.css'

const colors = { building: undefined, complete: undefined, paused: 'gray', failed: 'red.8' } as const

export function ReindexJob({ reindex, live }: { reindex: ReindexStatus; live: Status['live'] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const jobs = useJobs()
  const nameOf = useModelName()
  const [asks, setAsks] = useState(false)
  const switching = useBusyAct()
  const { state, documentsDone, documentsTotal, chunksDone, chunksPerSecond, secondsLeft } = reindex
  const liveName = nameOf(live.embeddingModel)
  const title = t(`reindexing.${state}`)
  const isComplete = state === 'complete'

  return (
    <section className={classes.job} aria-label={title} data-testid="reindex-job" data-state={state}>
      <div className={classes.body}>
        <div className={classes.head}>
          <span className={classes.name}>{title}</span>
          {(state === 'building' || state === 'paused') && (
            <Button
              variant="default"
              leftSection={<Icon name={state === 'paused' ? 'play' : 'pause'} size={13} />}
              onClick={() => void act(state === 'paused' ? jobs.resumeReindex : jobs.pauseReindex)}
              data-testid="reindex-pause"
            >
              {state === 'paused' ? t('app.resume') : t('app.pause')}
            </Button>
          )}
          {state === 'failed' && (
            <Button
              variant="default"
              onClick={() => void act(jobs.resumeReindex)}
              data-testid="reindex-retry"
            >
              {t('app.retry')}
            </Button>
          )}
          {isComplete && (
            <Button
              loading={switching.isBusy}
              onClick={() => switching.run(jobs.switchReindex)}
              data-testid="reindex-switch"
            >
              {t('reindexing.switch')}
            </Button>
          )}
          <Button variant="default" onClick={() => setAsks(true)} data-testid="reindex-cancel">
            {isComplete ? t('reindexing.keep') : t('app.cancel')}
          </Button>
        </div>
        <Progress
          value={documentsTotal === 0 ? 0 : (100 * documentsDone) / documentsTotal}
          size={8}
          color={colors[state]}
          aria-label={title}
        />
        <div className={classes.facts}>
          <span className={classes.strong}>
            {t('reindexing.progress', {
              done: format.number(documentsDone),
              total: format.number(documentsTotal),
              passages: format.number(chunksDone),
            })}
          </span>
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
          {reindex.reusedVectors > 0 && (
            <span>
              {t('reindexing.reused', {
                count: reindex.reusedVectors,
                formatted: format.number(reindex.reusedVectors),
              })}
            </span>
          )}
        </div>
        {state === 'failed' && (
          <p className={`${classes.note} ${classes.bad}`} role="alert">
            {t('reindexing.why', {
              error: reindex.errorCode === null ? reindex.error : t(`errors.${reindex.errorCode}`),
            })}
            {reindex.errorCode !== null && <small className={classes.detail}>{reindex.error}</small>}
          </p>
        )}
        <p className={classes.note} data-testid="reindex-meanwhile">
          {[
            t('reindexing.with', {
              model: nameOf(reindex.embeddingModel),
              strategy: t(`cutting.${reindex.strategy}`),
            }),
            ...(reindex.embedOnly ? [t('reindexing.embedOnly')] : []),
          ].join(t('units.listJoin'))}
          <br />
          {isComplete
            ? t('reindexing.waits', { model: liveName })
            : state === 'failed'
              ? t('reindexing.keepsFailed', { model: liveName })
              : t('reindexing.keeps', { model: liveName })}
        </p>
      </div>
      {isComplete && <Compare liveName={liveName} nextName={nameOf(reindex.embeddingModel)} />}
      <Confirm
        opened={asks}
        title={t('reindexing.cancelTitle')}
        confirm={t('reindexing.cancelConfirm')}
        cancel={isComplete ? t('reindexing.keepBoth') : t('reindexing.keepBuilding')}
        testId="reindex-cancel-confirm"
        onClose={() => setAsks(false)}
        onConfirm={() => {
          setAsks(false)
          void act(jobs.cancelReindex)
        }}
      >
        <Text size="sm">{t('reindexing.cancelBody', { model: liveName })}</Text>
      </Confirm>
    </section>
  )
}
