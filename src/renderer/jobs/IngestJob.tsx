import { Button, Progress, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Status } from '../../shared/status.ts'
import { useAct } from '../hooks/useAct.ts'
import { useJobs } from '../hooks/useJobs.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Confirm } from '../parts/Confirm.tsx'
import { Icon } from '../parts/Icon.tsx'
import classes from './JobsPage.module.css'

export function IngestJob({ ingest }: { ingest: NonNullable<Status['ingest']> }) {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const jobs = useJobs()
  const [asks, setAsks] = useState(false)
  const { paused, done, total, current, secondsLeft, filesPerSecond, chunksPerSecond } = ingest
  return (
    <section className={classes.job} aria-label={t('jobs.reading')} data-testid="ingest-job">
      <div className={classes.body}>
        <div className={classes.head}>
          <span className={classes.name}>{t('jobs.reading')}</span>
          <Button
            variant="default"
            leftSection={<Icon name={paused ? 'play' : 'pause'} size={13} />}
            onClick={() => void act(paused ? jobs.resume : jobs.pause)}
            data-testid="job-pause"
          >
            {paused ? t('app.resume') : t('app.pause')}
          </Button>
          <Button variant="default" onClick={() => setAsks(true)} data-testid="cancel">
            {t('app.cancel')}
          </Button>
        </div>
        <Progress
          value={total === 0 ? 0 : (100 * done) / total}
          size={8}
          color={paused ? 'gray' : undefined}
          aria-label={t('jobs.reading')}
        />
        <div className={classes.facts}>
          <span className={classes.strong}>
            {t('jobs.progress', { done: format.number(done), total: format.number(total) })}
          </span>
          {paused ? (
            <span>{t('app.paused')}</span>
          ) : (
            <>
              {filesPerSecond !== null && (
                <span>{t('jobs.rateFiles', { rate: format.rate(filesPerSecond) })}</span>
              )}
              {chunksPerSecond !== null && (
                <span>{t('jobs.ratePassages', { rate: format.rate(chunksPerSecond) })}</span>
              )}
              <span>
                {secondsLeft === null
                  ? t('jobs.estimating')
                  : t('app.timeLeft', { time: format.duration(secondsLeft) })}
              </span>
            </>
          )}
        </div>
      </div>
      {current.length > 0 && !paused && (
        <div className={classes.current}>
          {t('jobs.now')}
          <ul>
            {current.map((name) => (
              <li key={name}>{name}</li>
            ))}
          </ul>
        </div>
      )}
      <Confirm
        opened={asks}
        title={t('jobs.cancelTitle')}
        confirm={t('jobs.cancelConfirm')}
        cancel={t('jobs.keepGoing')}
        testId="cancel-confirm"
        onClose={() => setAsks(false)}
        onConfirm={() => {
          setAsks(false)
          void act(jobs.cancel)
        }}
      >
        <Text size="sm">{t('jobs.cancelBody')}</Text>
      </Confirm>
    </section>
  )
}
