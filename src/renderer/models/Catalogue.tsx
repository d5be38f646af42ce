/** More models: what can be downloaded, with its facts and warnings, how far a download is, and importing one's own. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CatalogEntry } from '../../shared/models.ts'
import type { Settings } from '../../shared/settings.ts'
import type { ModelInfo } from '../../shared/status.ts'
import { useAct } from '../hooks/useAct.ts'
import { useCatalog, useModelActions, useModels } from '../hooks/useModels.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { Icon } from '../parts/Icon.tsx'
import settingsClasses from '../settings/Settings.module.css'
import { Badges } from './Badges.tsx'
import { Facts } from './Facts.tsx'
import { Download } from './Download.tsx'
import { ImportModel } from './ImportModel.tsx'
import classes from './Models.module.css'
import { hostOf } from './hosts.ts'

const tasks = [
  ['embedding', 'manager.forMeaning'],
  ['reranker', 'manager.rerankers'],
] as const

interface CatalogueProps {
  settings: Settings
  onUse(model: ModelInfo): void
}

export function Catalogue({ settings, onUse }: CatalogueProps) {
  const { t } = useTranslation()
  const { entries, error } = useCatalog()
  const models = useModels() ?? []
  const [isOpen, setOpen] = useState(false)
  // What is on its way is always in sight.
  const shown = isOpen ? entries : entries.filter((entry) => entry.download !== null)
  return (
    <div className={settingsClasses.wide} data-testid="catalogue">
      <div className={classes.moreHead}>
        <div>
          <div className={settingsClasses.label}>{t('manager.more')}</div>
          <p className={settingsClasses.hint}>{t('manager.moreHint', { host: hostOf(settings) })}</p>
        </div>
        <ImportModel />
      </div>
      {error !== null && <p className={settingsClasses.problem}>{t('manager.noCatalog')}</p>}
      {tasks.map(([task, title]) => {
        const own = shown.filter((entry) => entry.task === task)
        return own.length === 0 ? null : (
          <section key={task} aria-label={t(title)}>
            {isOpen && <h3 className={classes.task}>{t(title)}</h3>}
            <ul className={classes.list}>
              {own.map((entry) => (
                <Entry
                  key={entry.id}
                  entry={entry}
                  model={models.find((model) => model.id === entry.id)}
                  isUsed={[settings.embeddingModel, settings.rerankerModel].includes(entry.id)}
                  onUse={onUse}
                />
              ))}
            </ul>
          </section>
        )
      })}
      {entries.length > 0 && (
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<Icon name={isOpen ? 'up' : 'down'} size={14} />}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          data-testid="show-catalogue"
        >
          {isOpen ? t('manager.hide') : t('manager.show', { count: entries.length })}
        </Button>
      )}
    </div>
  )
}

interface EntryProps {
  entry: CatalogEntry
  /** The installed one. */
  model: ModelInfo | undefined
  isUsed: boolean
  onUse(model: ModelInfo): void
}

function Entry({ entry, model, isUsed, onUse }: EntryProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const act = useAct()
  const { download } = useModelActions()
  const facts = [
    words.languages(entry.languages),
    ...(entry.dimensions === null ? [] : [t('settings.dimensions', { count: entry.dimensions })]),
    t('settings.maxTokens', { tokens: format.number(entry.maxTokens) }),
    t('manager.parameters', { millions: format.number(entry.parameters / 1e6) }),
    t('settings.licence', { licence: entry.licence }),
  ]
  return (
    <li className={classes.entry} data-testid={`entry-${entry.id}`}>
      <div className={classes.entryText}>
        <div className={classes.entryName}>
          {entry.name}
          <Badges warnings={entry.warnings} />
        </div>
        <Facts facts={facts} />
        {entry.download && <Download entry={entry} download={entry.download} />}
      </div>
      {entry.installed ? (
        <span className={classes.entryEnd}>
          <span className={classes.installed}>
            <Icon name="check" size={14} /> {t('manager.installed')}
          </span>
          {model?.state === 'ready' && !isUsed && (
            <Button variant="default" onClick={() => onUse(model)} data-testid={`use-${entry.id}`}>
              {t('manager.use')}
            </Button>
          )}
        </span>
      ) : (
        !entry.download && (
          <Button
            variant="default"
            leftSection={<Icon name="download" size={14} />}
            onClick={() => void act(() => download(entry.id))}
            aria-label={`${t('manager.download', { size: format.size(entry.sizeBytes) })}, ${entry.name}`}
            data-testid={`download-${entry.id}`}
          >
            {t('manager.download', { size: format.size(entry.sizeBytes) })}
          </Button>
        )
      )}
    </li>
  )
}
