/** One model with its facts, to choose. One that was refused says why, and what can be done about it. */
import { ActionIcon, Text, Tooltip } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ModelInfo } from '../../shared/status.ts'
import { useAct } from '../hooks/useAct.ts'
import { useModelActions } from '../hooks/useModels.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { Confirm } from '../parts/Confirm.tsx'
import { Icon } from '../parts/Icon.tsx'
import { notify } from '../parts/notify.tsx'
import settings from '../settings/Settings.module.css'
import { Badges } from './Badges.tsx'
import { Facts } from './Facts.tsx'
import classes from './Models.module.css'
import { Refused } from './Refused.tsx'

interface ModelChoiceProps {
  model: ModelInfo
  isChosen: boolean
  isLive: boolean
  /** A new index with it is on its way, or waits to be compared. */
  reindex?: 'building' | 'waiting' | null
  onChoose(): void
}

export function ModelChoice({ model, isChosen, isLive, reindex = null, onChoose }: ModelChoiceProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const facts = [
    ...(model.type === 'unknown' ? [] : [words.modelType(model.type)]),
    words.languages(model.languages),
    ...(model.dimensions === null ? [] : [t('settings.dimensions', { count: model.dimensions })]),
    ...(model.maxTokens === 0 ? [] : [t('settings.maxTokens', { tokens: format.number(model.maxTokens) })]),
    ...(model.sizeBytes === 0 ? [] : [format.size(model.sizeBytes)]),
    ...(model.licence === '' ? [] : [t('settings.licence', { licence: model.licence })]),
    ...(model.builtIn ? [t('settings.builtIn')] : []),
    ...(model.task === 'reranker' && model.problem === null && !model.calibrated
      ? [t('settings.uncalibrated')]
      : []),
  ]
  const isRefused = model.problem !== null
  return (
    <div
      className={classes.model}
      data-refused={isRefused || undefined}
      data-chosen={isChosen || undefined}
      data-testid={`model-row-${model.id}`}
    >
      <button
        type="button"
        role="radio"
        aria-checked={isChosen}
        disabled={isRefused}
        className={settings.choice}
        onClick={onChoose}
        data-testid={`model-${model.id}`}
      >
        <span className={settings.dot} aria-hidden="true" />
        <span className={settings.choiceText}>
          <span className={settings.choiceName}>
            {model.name}
            {isLive && <span className={settings.badge}>{t('settings.inUse')}</span>}
            {reindex && (
              <span className={settings.badge} data-quiet>
                {t(`settings.${reindex}`)}
              </span>
            )}
            <Badges warnings={model.warnings} />
          </span>
          <Facts facts={facts} />
          {model.problem !== null && (
            <span className={settings.problem}>
              {t('settings.refused', {
                problem: words.problem(model.problemCode, model.problem, model.problemData),
              })}
            </span>
          )}
        </span>
      </button>
      {model.removable && <Remove model={model} />}
      {isRefused && <Refused model={model} />}
    </div>
  )
}

function Remove({ model }: { model: ModelInfo }) {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const { remove } = useModelActions()
  const [asks, setAsks] = useState(false)
  const { name } = model
  return (
    <>
      <Tooltip label={t('manager.remove')}>
        <ActionIcon
          className={classes.remove}
          aria-label={`${t('manager.remove')} ${name}`}
          onClick={() => setAsks(true)}
          data-testid={`remove-${model.id}`}
        >
          <Icon name="trash" size={15} />
        </ActionIcon>
      </Tooltip>
      <Confirm
        opened={asks}
        title={t('manager.removeTitle', { name })}
        confirm={t('manager.remove')}
        danger
        testId="remove-model-confirm"
        onClose={() => setAsks(false)}
        onConfirm={() => {
          setAsks(false)
          void act(async () => {
            await remove(model.id)
            notify(t('manager.removed', { name }))
          })
        }}
      >
        <Text size="sm">
          {t('manager.removeBody', { size: format.size(model.sizeBytes) })}
          {model.pinned && (
            <>
              <br />
              {t('manager.removePinned')}
            </>
          )}
        </Text>
      </Confirm>
    </>
  )
}
