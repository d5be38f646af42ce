import { useTranslation } from 'react-i18next'
import type { ModelInfo } from '../../shared/status.ts'
import classes from './Models.module.css'

export function Badges({ warnings }: { warnings: ModelInfo['warnings'] }) {
  const { t } = useTranslation()
  return warnings.map((warning) => (
    <span key={warning} className={classes.badge} data-warning={warning}>
      {t(`badges.${warning}`)}
    </span>
  ))
}
