/** The one question before a new index: how much, how long, what keeps working, what is kept [RE1]. */
import { Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SettingsPatch } from '../../shared/settings.ts'
import type { ModelInfo } from '../../shared/status.ts'
import { useAct } from '../hooks/useAct.ts'
import { useJobs } from '../hooks/useJobs.ts'
import { useMeasuredRate } from '../hooks/useMeasuredRate.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { useStatus } from '../hooks/useStatus.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { Confirm } from '../parts/Confirm.tsx'
import { notify } from '../parts/notify.tsx'
import classes from './RebuildDialog.module.css'

interface RebuildDialogProps {
  title: string
  model?: ModelInfo
  /** null: the same settings once more. */
  patch: SettingsPatch | null
  onClose(): void
}

const spoken = ['zh', 'en']

export function RebuildDialog({ title, model, patch, onClose }: RebuildDialogProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const act = useAct()
  const update = useUpdateSettings()
  const { startReindex } = useJobs()
  const status = useStatus()
  const rate = useMeasuredRate()
  const [isBusy, setBusy] = useState(false)
  if (!status) return null
  const files = status.documents.indexed + status.documents.partial
  const knowsAll = !model || spoken.every((code) => model.languages.some((one) => one.startsWith(code)))

  const build = () =>
    void act(async () => {
      setBusy(true)
      try {
        const isStarted = patch ? (await update(patch)).reindexStarted : Boolean(await startReindex())
        notify(isStarted ? t('rebuild.started') : t('rebuild.applied'))
        onClose()
      } finally {
        setBusy(false)
      }
    })

  return (
    <Confirm
      opened
      title={title}
      confirm={t('rebuild.build')}
      busy={isBusy}
      testId="rebuild-confirm"
      onConfirm={build}
      onClose={onClose}
    >
      <div className={classes.body}>
        <Text size="sm" fw={550}>
          {t('rebuild.passages', {
            count: status.chunks,
            formatted: format.number(status.chunks),
            files: format.number(files),
          })}
        </Text>
        <p>
          {rate === null
            ? t('rebuild.timeUnknown')
            : t('rebuild.time', { time: format.duration(status.chunks / rate) })}{' '}
          {t('rebuild.free', { free: format.size(status.library.freeBytes) })}
        </p>
        <p>{t('rebuild.keeps')}</p>
        <p>{t('rebuild.old')}</p>
        {!knowsAll && model && (
          <p className={classes.warn}>
            {t('rebuild.onlyLanguages', { languages: words.languages(model.languages) })}
          </p>
        )}
        {status.reindex && <p className={classes.warn}>{t('rebuild.also')}</p>}
      </div>
    </Confirm>
  )
}
