/** The machinery: cutting, devices, where models come from, what the index is, and whether all of it is sound. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { ModelTests } from '../models/ModelTests.tsx'
import { BuildDialog } from '../switch/BuildDialog.tsx'
import { ChunkingForm } from './ChunkingForm.tsx'
import { DeviceForm } from './DeviceForm.tsx'
import { Row, Section, type SectionProps } from './Section.tsx'
import { SelfTest } from './SelfTest.tsx'
import classes from './Settings.module.css'
import { SourceForm } from './SourceForm.tsx'

export function AdvancedSection({ settings, status }: SectionProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const [asks, setAsks] = useState(false)
  const { live } = status
  const outdated = live.outdated.map((part) => words.recipePart(part)).join(t('units.listJoin'))
  return (
    <Section name="advanced" title={t('settings.advanced')}>
      <ChunkingForm chunking={settings.chunking} />
      <SourceForm settings={settings} />
      <DeviceForm settings={settings} live={live} />
      <Row label={t('settings.truncated')}>{format.number(status.truncatedChunks)}</Row>
      <Row label={t('settings.space')}>
        <span className={classes.path}>{live.space}</span>
      </Row>
      <Row
        label={t('settings.rebuild')}
        hint={outdated === '' ? t('settings.rebuildHint') : t('outdated.line', { what: outdated })}
      >
        <Button variant="default" onClick={() => setAsks(true)} data-testid="rebuild">
          {t('settings.rebuild')}
        </Button>
      </Row>
      <ModelTests live={live} />
      <SelfTest />
      {asks && <BuildDialog title={t('build.titleAgain')} patch={null} onClose={() => setAsks(false)} />}
    </Section>
  )
}
