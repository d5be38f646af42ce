import { SegmentedControl } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { languages, themes } from '../../shared/settings.ts'
import { useAct } from '../hooks/useAct.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { Row, Section, type SectionProps } from './Section.tsx'

const themeNames = {
  system: 'settings.themeSystem',
  light: 'settings.themeLight',
  dark: 'settings.themeDark',
} as const

export function LookSection({ settings }: SectionProps) {
  const { t } = useTranslation()
  const act = useAct()
  const update = useUpdateSettings()
  const languageName = { system: t('settings.languageSystem'), 'zh-CN': '中文', en: 'English' }
  return (
    <Section name="look" title={t('settings.look')}>
      <Row label={t('settings.theme')}>
        <SegmentedControl
          size="xs"
          aria-label={t('settings.theme')}
          data={themes.map((theme) => ({ value: theme, label: t(themeNames[theme]) }))}
          value={settings.theme}
          onChange={(theme) => void act(() => update({ theme }))}
          data-testid="theme-select"
        />
      </Row>
      <Row label={t('settings.language')}>
        <SegmentedControl
          size="xs"
          aria-label={t('settings.language')}
          data={languages.map((language) => ({ value: language, label: languageName[language] }))}
          value={settings.language}
          onChange={(language) => void act(() => update({ language }))}
          data-testid="language-select"
        />
      </Row>
    </Section>
  )
}
