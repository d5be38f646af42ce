/** One model with its facts, to choose. One that was refused says why and cannot be chosen. */
import { useTranslation } from 'react-i18next'
import type { ModelInfo } from '../../shared/status.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import classes from './Settings.module.css'

interface ModelChoiceProps {
  model: ModelInfo
  isChosen: boolean
  isLive: boolean
  isBuilding?: boolean
  onChoose(): void
}

export function ModelChoice({ model, isChosen, isLive, isBuilding = false, onChoose }: ModelChoiceProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const facts = [
    words.modelType(model.type),
    words.languages(model.languages),
    ...(model.dimensions === null ? [] : [t('settings.dimensions', { count: model.dimensions })]),
    t('settings.maxTokens', { tokens: format.number(model.maxTokens) }),
    format.size(model.sizeBytes),
    t('settings.licence', { licence: model.licence }),
    ...(model.builtIn ? [t('settings.builtIn')] : []),
    ...(model.task === 'reranker' && !model.calibrated ? [t('settings.uncalibrated')] : []),
  ]
  return (
    <button
      type="button"
      role="radio"
      aria-checked={isChosen}
      disabled={model.problem !== null}
      className={classes.choice}
      onClick={onChoose}
      data-testid={`model-${model.id}`}
    >
      <span className={classes.dot} aria-hidden="true" />
      <span className={classes.choiceText}>
        <span className={classes.choiceName}>
          {model.name}
          {isLive && <span className={classes.badge}>{t('settings.inUse')}</span>}
          {isBuilding && (
            <span className={classes.badge} data-quiet>
              {t('settings.building')}
            </span>
          )}
        </span>
        <span className={classes.facts}>{facts.filter((fact) => fact !== '').join(' · ')}</span>
        {model.problem !== null && (
          <span className={classes.problem}>{t('settings.refused', { problem: model.problem })}</span>
        )}
      </span>
    </button>
  )
}
