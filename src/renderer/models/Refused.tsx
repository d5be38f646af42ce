/** What can be done with a model that was refused: say how it pools, or use it although a check failed. */
import { Button, Select } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { poolingModes, type PoolingMode } from '../../shared/models.ts'
import type { ModelInfo } from '../../shared/status.ts'
import { useBusyAct } from '../hooks/useAct.ts'
import { useModelActions } from '../hooks/useModels.ts'
import { notify } from '../parts/notify.tsx'
import classes from './Models.module.css'

/** Checks of the self-test that are not about broken numbers; the engine has the last word. */
const overridable = ['tokenizer', 'vocabulary', 'norm', 'constant', 'batched', 'sense']

export function Refused({ model }: { model: ModelInfo }) {
  if (model.poolingUnknown) return <PoolingForm model={model} />
  if (model.problemCode && overridable.includes(model.problemCode)) return <Override model={model} />
  return null
}

function PoolingForm({ model }: { model: ModelInfo }) {
  const { t } = useTranslation()
  const { isBusy, run } = useBusyAct()
  const { setPooling } = useModelActions()
  const [pooling, setDraft] = useState<PoolingMode>('mean')
  const use = () =>
    run(async () => {
      await setPooling(model.id, pooling)
      notify(t('poolingForm.works', { name: model.name }))
    })
  return (
    <div className={classes.refused} data-testid={`pooling-${model.id}`}>
      <Select
        flex={1}
        label={t('poolingForm.label')}
        description={t('poolingForm.hint')}
        data={poolingModes.map((mode) => ({ value: mode, label: t(`pooling.${mode}`) }))}
        value={pooling}
        onChange={(value) => setDraft(poolingModes.find((mode) => mode === value) ?? 'mean')}
      />
      <Button loading={isBusy} onClick={use} data-testid={`pooling-use-${model.id}`}>
        {t('poolingForm.use')}
      </Button>
    </div>
  )
}

function Override({ model }: { model: ModelInfo }) {
  const { t } = useTranslation()
  const { isBusy, run } = useBusyAct()
  const { override } = useModelActions()
  return (
    <div className={classes.refused}>
      <span className={classes.hint}>{t('manager.overrideHint')}</span>
      <Button
        variant="default"
        loading={isBusy}
        onClick={() => run(() => override(model.id, true))}
        data-testid={`override-${model.id}`}
      >
        {t('manager.override')}
      </Button>
    </div>
  )
}
