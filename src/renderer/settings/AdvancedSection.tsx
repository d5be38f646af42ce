import { Button, Select } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { devices } from '../../shared/settings.ts'
import { useAct } from '../hooks/useAct.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { ChunkingForm } from './ChunkingForm.tsx'
import { RebuildDialog } from './RebuildDialog.tsx'
import { Row, Section, type SectionProps } from './Section.tsx'
import { SelfTest } from './SelfTest.tsx'
import classes from './Settings.module.css'

export function AdvancedSection({ settings, status }: SectionProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const update = useUpdateSettings()
  const [asks, setAsks] = useState(false)
  const words = useWords()
  const { live } = status
  const provider = words.provider(live.provider)
  const fellBack = live.device !== 'auto' && !live.provider.toLowerCase().includes(live.device)
  return (
    <Section name="advanced" title={t('settings.advanced')}>
      <ChunkingForm chunking={settings.chunking} />
      <Row
        label={t('settings.device')}
        hint={
          fellBack
            ? t('settings.deviceFellBack', {
                asked: t(`settings.devices.${live.device}`),
                provider,
              })
            : `${t('settings.deviceHint')} ${t('settings.deviceUse', { provider })}`
        }
      >
        <Select
          w={190}
          aria-label={t('settings.device')}
          data={devices.map((device) => ({ value: device, label: t(`settings.devices.${device}`) }))}
          value={settings.device}
          onChange={(value) => {
            const device = devices.find((one) => one === value)
            if (device) void act(() => update({ device }))
          }}
          data-testid="device-select"
        />
      </Row>
      <Row label={t('settings.truncated')}>{format.number(status.truncatedChunks)}</Row>
      <Row label={t('settings.space')}>
        <span className={classes.path}>{live.space}</span>
      </Row>
      <Row label={t('settings.rebuild')} hint={t('settings.rebuildHint')}>
        <Button variant="default" onClick={() => setAsks(true)} data-testid="rebuild">
          {t('settings.rebuild')}
        </Button>
      </Row>
      <SelfTest />
      {asks && <RebuildDialog title={t('rebuild.titleAgain')} patch={null} onClose={() => setAsks(false)} />}
    </Section>
  )
}
