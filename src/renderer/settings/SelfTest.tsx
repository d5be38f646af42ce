import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useDoctor } from '../hooks/useDoctor.ts'
import { useWords } from '../i18n/useWords.ts'
import { Icon } from '../parts/Icon.tsx'
import { Row } from './Section.tsx'
import classes from './Settings.module.css'

export function SelfTest() {
  const { t, i18n } = useTranslation()
  const words = useWords()
  const { report, error, isRunning, run } = useDoctor()
  const failed = report?.checks.filter((check) => !check.ok).length ?? 0
  return (
    <div data-testid="self-test">
      <Row label={t('settings.selfTest')} hint={t('settings.selfTestHint')}>
        <Button variant="default" loading={isRunning} onClick={run} data-testid="run-self-test">
          {t('settings.runSelfTest')}
        </Button>
      </Row>
      {error !== null && <p className={classes.problem}>{words.error(error)}</p>}
      {report && (
        <>
          <p role="status">
            {report.ok ? t('settings.selfTestOk') : t('settings.selfTestBad', { count: failed })}
          </p>
          <ul className={classes.checks}>
            {report.checks.map((check) => (
              <li key={check.name} className={classes.check} data-ok={check.ok}>
                <Icon name={check.ok ? 'check' : 'warning'} />
                <span>{words.check(check.name)}</span>
                <span>{!check.ok || i18n.language === 'en' ? check.detail : ''}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}
