import { Button, Switch } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useAct } from '../hooks/useAct.ts'
import { useForgetHistory } from '../hooks/useForgetHistory.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { notify } from '../parts/notify.tsx'
import { Row, Section, type SectionProps } from './Section.tsx'
import classes from './Settings.module.css'

export function PrivacySection({ settings, status }: SectionProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const update = useUpdateSettings()
  const forget = useForgetHistory()
  const { path, sizeBytes, freeBytes } = status.library
  return (
    <Section name="library" title={t('settings.library')}>
      <Row label={t('settings.place')}>
        <span className={classes.path}>{path}</span>
      </Row>
      <Row label={t('settings.size')}>
        {t('settings.sizeValue', { size: format.size(sizeBytes), free: format.size(freeBytes) })}
      </Row>
      <Row label={t('settings.requests')} hint={t('app.offlineHint')}>
        {t('settings.requestsValue', { requests: format.number(status.outboundRequests) })}
      </Row>
      <Row label={t('settings.history')} hint={t('settings.historyHint')}>
        <Switch
          checked={settings.searchHistory}
          onChange={(event) => {
            const searchHistory = event.currentTarget.checked
            void act(() => update({ searchHistory }))
          }}
          aria-label={t('settings.history')}
          data-testid="history-switch"
        />
      </Row>
      <div className={classes.actions}>
        <Button
          variant="default"
          onClick={() =>
            void act(async () => {
              await forget()
              notify(t('settings.historyForgotten'))
            })
          }
        >
          {t('settings.historyForget')}
        </Button>
      </div>
    </Section>
  )
}
