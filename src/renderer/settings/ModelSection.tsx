/** The models there are: which one finds by meaning, which one reads closely, and how to have others. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ModelInfo } from '../../shared/status.ts'
import { useAct } from '../hooks/useAct.ts'
import { useModels } from '../hooks/useModels.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { Catalogue } from '../models/Catalogue.tsx'
import { ModelChoice } from '../models/ModelChoice.tsx'
import { moveFocus } from '../parts/moveFocus.ts'
import { notify } from '../parts/notify.tsx'
import { BuildDialog } from '../switch/BuildDialog.tsx'
import { Section, type SectionProps } from './Section.tsx'
import classes from './Settings.module.css'

export function ModelSection({ settings, status }: SectionProps) {
  const { t } = useTranslation()
  const act = useAct()
  const update = useUpdateSettings()
  const models = useModels() ?? []
  const [asked, setAsked] = useState<ModelInfo | null>(null)
  const { live, reindex } = status
  const rerank = (rerankerModel: string | null) =>
    void act(async () => {
      await update({ rerankerModel })
      notify(t('settings.saved'))
    })
  const choose = (model: ModelInfo) => {
    if (model.task === 'reranker') return rerank(model.id)
    if (model.id !== settings.embeddingModel) setAsked(model)
  }
  return (
    <Section name="model" title={t('settings.model')}>
      <div className={classes.wide}>
        <div className={classes.label}>{t('settings.embedding')}</div>
        <p className={classes.hint}>{t('settings.embeddingHint')}</p>
        <div
          className={classes.group}
          role="radiogroup"
          onKeyDown={moveFocus}
          aria-label={t('settings.embedding')}
          data-testid="model-select"
        >
          {models
            .filter((model) => model.task === 'embedding')
            .map((model) => (
              <ModelChoice
                key={model.id}
                model={model}
                isChosen={model.id === settings.embeddingModel}
                isLive={model.id === live.embeddingModel}
                reindex={
                  reindex?.embeddingModel !== model.id || model.id === live.embeddingModel
                    ? null
                    : reindex.state === 'complete'
                      ? 'waiting'
                      : 'building'
                }
                onChoose={() => choose(model)}
              />
            ))}
        </div>
      </div>
      <div className={classes.wide}>
        <div className={classes.label}>{t('settings.reranker')}</div>
        <p className={classes.hint}>{t('settings.rerankerHint')}</p>
        <div
          className={classes.group}
          role="radiogroup"
          onKeyDown={moveFocus}
          aria-label={t('settings.reranker')}
          data-testid="reranker-select"
        >
          {models
            .filter((model) => model.task === 'reranker')
            .map((model) => (
              <ModelChoice
                key={model.id}
                model={model}
                isChosen={model.id === settings.rerankerModel}
                isLive={model.id === live.rerankerModel}
                onChoose={() => choose(model)}
              />
            ))}
          <button
            type="button"
            role="radio"
            aria-checked={settings.rerankerModel === null}
            className={classes.choice}
            onClick={() => rerank(null)}
            data-testid="reranker-none"
          >
            <span className={classes.dot} aria-hidden="true" />
            <span className={classes.choiceText}>
              <span className={classes.choiceName}>{t('settings.noReranker')}</span>
              <span className={classes.facts}>{t('settings.noRerankerHint')}</span>
            </span>
          </button>
        </div>
      </div>
      <Catalogue settings={settings} onUse={choose} />
      {asked && (
        <BuildDialog
          title={t('build.titleModel', { model: asked.name })}
          model={asked}
          patch={{ embeddingModel: asked.id }}
          onClose={() => setAsked(null)}
        />
      )}
    </Section>
  )
}
