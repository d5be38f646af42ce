/** The one question before a new index: for how much, how long, how much disk, what keeps working, what is kept [RE4]. */
import { Button, Group, Loader, Modal, Radio, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Settings, SettingsPatch } from '../../shared/settings.ts'
import type { ModelInfo } from '../../shared/status.ts'
import { useBusyAct } from '../hooks/useAct.ts'
import { useJobs } from '../hooks/useJobs.ts'
import { useEstimate } from '../hooks/useReindex.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { useStatus } from '../hooks/useStatus.ts'
import { useWords } from '../i18n/useWords.ts'
import { notify } from '../parts/notify.tsx'
import classes from './BuildDialog.module.css'
import { EstimateFacts, hasRoom } from './EstimateFacts.tsx'
import { Trial } from './Trial.tsx'

interface BuildDialogProps {
  title: string
  /** Given where the model changes; then it can be tried first. */
  model?: ModelInfo
  /** null: the same settings once more. */
  patch: Pick<SettingsPatch, 'embeddingModel' | 'chunking'> | null
  onClose(): void
}

const mostTrialDocuments = 200
const endings = ['compare', 'switch'] as const

export function BuildDialog({ title, model, patch, onClose }: BuildDialogProps) {
  const { t } = useTranslation()
  const words = useWords()
  const update = useUpdateSettings()
  const { startReindex } = useJobs()
  const status = useStatus()
  const read = status ? status.documents.indexed + status.documents.partial : mostTrialDocuments
  const trialDocuments = Math.max(1, Math.min(mostTrialDocuments, read))
  const [afterReindex, setAfter] = useState<Settings['afterReindex']>('compare')
  const [isTrying, setTrying] = useState(false)
  const { isBusy, run } = useBusyAct()
  const { data: estimate, error, isFetching } = useEstimate(patch ?? {})

  const build = () =>
    run(async () => {
      const { reindexStarted } = await update({ ...patch, afterReindex })
      if (!patch) await startReindex()
      notify(reindexStarted || !patch ? t('build.started') : t('build.applied'))
      onClose()
    })

  const buttons = (
    <Button
      loading={isBusy}
      disabled={isFetching || (estimate !== undefined && !hasRoom(estimate))}
      onClick={build}
      data-testid="rebuild-confirm"
    >
      {t('build.build')}
    </Button>
  )

  return (
    <Modal
      opened
      onClose={onClose}
      size={isTrying ? '62rem' : '35rem'}
      title={
        <Text fw={600}>
          {isTrying && model ? t('trial.title', { model: model.name, count: trialDocuments }) : title}
        </Text>
      }
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {isTrying && model ? (
        <Trial model={model} documents={trialDocuments} onBack={() => setTrying(false)}>
          {buttons}
        </Trial>
      ) : (
        <div data-testid="build-dialog">
          {isFetching ? (
            <p className={classes.measuring} role="status" data-testid="measuring">
              <Loader size={16} /> {t('build.measuring')}
            </p>
          ) : estimate ? (
            <EstimateFacts estimate={estimate} model={model} />
          ) : (
            <p className={classes.warn} role="alert">
              {t('build.notMeasured', { error: words.error(error) })}
            </p>
          )}
          <p className={classes.keeps}>{t('build.keeps')}</p>
          {status?.reindex && <p className={classes.warn}>{t('build.also')}</p>}
          <Radio.Group
            label={t('build.whenDone')}
            value={afterReindex}
            onChange={(value) => setAfter(endings.find((one) => one === value) ?? 'compare')}
            size="xs"
            className={classes.ending}
          >
            <Group gap="lg" mt={6}>
              {endings.map((value) => (
                <Radio
                  key={value}
                  size="xs"
                  value={value}
                  label={t(`build.${value}`)}
                  data-testid={`after-${value}`}
                />
              ))}
            </Group>
          </Radio.Group>
          <p className={classes.old}>{t('build.old')}</p>
          <Group justify="flex-end" mt="lg" gap="sm">
            <Button variant="default" onClick={onClose} data-autofocus>
              {t('app.cancel')}
            </Button>
            {model && read > 0 && (
              <Button variant="default" onClick={() => setTrying(true)} data-testid="try">
                {t('build.try', { count: trialDocuments })}
              </Button>
            )}
            {buttons}
          </Group>
        </div>
      )}
    </Modal>
  )
}
