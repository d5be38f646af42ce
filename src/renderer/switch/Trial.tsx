/** A model tried on some documents: the person's recent searches, or a question of theirs, answered by both models. */
import { Button, Group, Loader, Progress, TextInput } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ModelInfo } from '../../shared/status.ts'
import { useHistory } from '../hooks/useReading.ts'
import { useTrial } from '../hooks/useReindex.ts'
import { useModelName } from '../hooks/useModels.ts'
import { useStatus } from '../hooks/useStatus.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { SideBySide } from './SideBySide.tsx'
import classes from './Trial.module.css'

interface TrialProps {
  model: ModelInfo
  documents: number
  onBack(): void
  /** What to do when it convinces. */
  children: ReactNode
}

export function Trial({ model, documents, onBack, children }: TrialProps) {
  const { t } = useTranslation()
  const words = useWords()
  const nameOf = useModelName()
  const status = useStatus()
  const history = useHistory()
  const { step, error, isRunning, run, stop } = useTrial(model.id, documents)
  const [query, setQuery] = useState('')
  const hasHistory = history !== undefined && history.length > 0

  useEffect(() => {
    if (hasHistory) run()
  }, [hasHistory, run])

  const results = step?.results ?? []
  return (
    <div data-testid="trial">
      <p className={classes.hint}>{t('trial.hint')}</p>
      {history?.length === 0 && !step && !isRunning && <p className={classes.hint}>{t('trial.noHistory')}</p>}
      <form
        className={classes.ask}
        onSubmit={(event) => {
          event.preventDefault()
          if (query.trim() !== '') run([query.trim()])
        }}
      >
        <TextInput
          flex={1}
          maxLength={500}
          aria-label={hasHistory ? t('trial.another') : t('trial.query')}
          placeholder={hasHistory ? t('trial.another') : t('trial.query')}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          data-testid="trial-query"
        />
        <Button type="submit" variant="default" disabled={query.trim() === ''} data-testid="trial-run">
          {t('trial.run')}
        </Button>
      </form>
      {isRunning && <Running step={step} onStop={stop} />}
      {error && (
        <p className={classes.bad} role="alert">
          {t('trial.failed', { error: words.error(error) })}
        </p>
      )}
      <div className={classes.results}>
        {results.map((result) => (
          <section key={result.query} aria-label={t('trial.question', { query: result.query })}>
            <h3 className={classes.query}>{result.query}</h3>
            <SideBySide
              left={result.live}
              right={result.trial}
              leftName={nameOf(status?.live.embeddingModel ?? '')}
              rightName={model.name}
              empty={t('trial.nothingHere')}
            />
          </section>
        ))}
      </div>
      <Group justify="flex-end" mt="lg" gap="sm">
        <Button variant="default" onClick={onBack} data-autofocus data-testid="trial-back">
          {t('trial.back')}
        </Button>
        {children}
      </Group>
    </div>
  )
}

function Running({ step, onStop }: { step: ReturnType<typeof useTrial>['step']; onStop(): void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const text =
    step?.stage === 'embedding'
      ? t('trial.embedding', { done: format.number(step.done), total: format.number(step.total) })
      : step?.stage === 'searching'
        ? t('trial.searching')
        : t('trial.sampling')
  const isCounted = step?.stage === 'embedding' && step.total > 0
  return (
    <div className={classes.running} data-testid="trial-running">
      <Loader size={16} />
      <span role="status">{text}</span>
      <Progress
        className={classes.bar}
        size={6}
        value={isCounted ? (100 * step.done) / step.total : step?.stage === 'searching' ? 100 : 0}
        aria-label={text}
      />
      <Button variant="default" size="compact-xs" onClick={onStop} data-testid="trial-stop">
        {t('app.cancel')}
      </Button>
    </div>
  )
}
