/** Settings in the order a person asks about them: privacy first, machinery last. */
import { useTranslation } from 'react-i18next'
import { useSettings } from '../hooks/useSettings.ts'
import { useStatus } from '../hooks/useStatus.ts'
import { AdvancedSection } from './AdvancedSection.tsx'
import { FoldersSection } from './FoldersSection.tsx'
import { LookSection } from './LookSection.tsx'
import { ModelSection } from './ModelSection.tsx'
import { PrivacySection } from './PrivacySection.tsx'
import { SpeedSection } from './SpeedSection.tsx'
import classes from './Settings.module.css'

const sections = ['library', 'folders', 'model', 'speed', 'look', 'advanced'] as const

export function SettingsPage() {
  const { t } = useTranslation()
  const settings = useSettings()
  const status = useStatus()
  if (!settings || !status) return null
  const props = { settings, status }
  return (
    <div className={classes.page}>
      <nav className={classes.contents} aria-label={t('settings.title')}>
        {sections.map((name) => (
          <a
            key={name}
            href={`#settings-${name}`}
            onClick={(event) => {
              event.preventDefault()
              document.getElementById(`settings-${name}`)?.scrollIntoView({ behavior: 'smooth' })
            }}
          >
            {t(`settings.${name}`)}
          </a>
        ))}
        <span className={classes.version}>{t('settings.version', { version: status.version })}</span>
      </nav>
      <div className={classes.sections}>
        <PrivacySection {...props} />
        <FoldersSection />
        <ModelSection {...props} />
        <SpeedSection {...props} />
        <LookSection {...props} />
        <AdvancedSection {...props} />
      </div>
    </div>
  )
}
