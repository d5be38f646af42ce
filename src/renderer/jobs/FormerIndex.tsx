/** The index that answered before the last switch: one click back, or its disk given back [RE3]. */
import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FormerStatus } from '../../shared/status.ts'
import { useBusyAct } from '../hooks/useAct.ts'
import { useJobs } from '../hooks/useJobs.ts'
import { useModelName } from '../hooks/useModels.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Confirm } from '../parts/Confirm.tsx'
import { notify } from '../parts/notify.tsx'
import classes from './JobsPage.module.css'

interface FormerIndexProps {
  former: FormerStatus
  /** It is the new index again, and on its way. */
  isWanted: boolean
}

export function FormerIndex({ former, isWanted }: FormerIndexProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const jobs = useJobs()
  const nameOf = useModelName()
  const [asks, setAsks] = useState(false)
  const { isBusy, run } = useBusyAct()
  const name = nameOf(former.embeddingModel)
  const size = format.size(former.sizeBytes)

  return (
    <section className={classes.job} aria-label={t('former.title')} data-testid="former">
      <div className={classes.body}>
        <div className={classes.head}>
          <span className={classes.name}>{t('former.title')}</span>
          <Button
            variant="default"
            disabled={!former.usable || isWanted}
            loading={isBusy}
            onClick={() =>
              run(async () => {
                await jobs.rollback()
                notify(t('former.wentBack', { model: name }))
              })
            }
            data-testid="rollback"
          >
            {t('former.back')}
          </Button>
          <Button
            variant="default"
            disabled={isBusy || isWanted}
            onClick={() => setAsks(true)}
            data-testid="drop-former"
          >
            {t('former.drop', { size })}
          </Button>
        </div>
        <div className={classes.facts}>
          <span className={classes.strong}>
            {t('former.facts', {
              model: name,
              strategy: t(`cutting.${former.strategy}`),
              dimensions: former.dimensions,
              size,
            })}
          </span>
        </div>
        <p className={classes.note}>
          {format.sentences([
            former.documentsDone >= former.documentsTotal
              ? t('former.whole')
              : t('former.part', {
                  done: format.number(former.documentsDone),
                  total: format.number(former.documentsTotal),
                }),
            !former.usable ? t('former.unusable') : isWanted ? t('former.busy') : t('former.backHint'),
          ])}
        </p>
      </div>
      <Confirm
        opened={asks}
        title={t('former.dropTitle')}
        confirm={t('former.dropConfirm')}
        danger
        testId="drop-former-confirm"
        onClose={() => setAsks(false)}
        onConfirm={() => {
          setAsks(false)
          run(async () => {
            const { freedBytes } = await jobs.dropFormer()
            notify(t('former.dropped', { size: format.size(freedBytes) }))
          })
        }}
      >
        <Text size="sm">{t('former.dropBody', { size, model: name })}</Text>
      </Confirm>
    </section>
  )
}
