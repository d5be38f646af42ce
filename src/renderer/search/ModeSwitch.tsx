import { Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { moveFocus } from '../parts/moveFocus.ts'
import classes from './ModeSwitch.module.css'
import { useSearchPage } from './SearchProvider.tsx'

const modes = [
  { mode: 'hybrid', name: 'smart' },
  { mode: 'exact', name: 'exact' },
  { mode: 'semantic', name: 'meaning' },
] as const

export function ModeSwitch() {
  const { t } = useTranslation()
  const { question, setMode } = useSearchPage()
  return (
    <div className={classes.switch} role="radiogroup" onKeyDown={moveFocus} aria-label={t('search.mode')}>
      {modes.map(({ mode, name }) => (
        <Tooltip key={mode} label={t(`search.${name}Hint`)}>
          <button
            type="button"
            role="radio"
            aria-checked={question.mode === mode}
            className={classes.mode}
            onClick={() => setMode(mode)}
            data-testid={`mode-${name}`}
          >
            {t(`search.${name}`)}
          </button>
        </Tooltip>
      ))}
    </div>
  )
}
