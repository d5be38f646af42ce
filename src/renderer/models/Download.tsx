/** How far a download is, and what can be done: stop, go on, drop; where it failed, why. */
import { Button, Progress } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { fromErrorShape } from '../../shared/errors.ts'
import type { CatalogEntry, DownloadState } from '../../shared/models.ts'
import { useAct } from '../hooks/useAct.ts'
import { useModelActions } from '../hooks/useModels.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import classes from './Models.module.css'

export function Download({ entry, download }: { entry: CatalogEntry; download: DownloadState }) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const act = useAct()
  const actions = useModelActions()
  const { id, name } = entry
  const { state, doneBytes, totalBytes, bytesPerSecond, secondsLeft, error } = download
  const share = totalBytes === 0 ? 0 : doneBytes / totalBytes
  const bytes = t('manager.bytes', { done: format.size(doneBytes), total: format.size(totalBytes) })
  const facts = {
    running:
      download.file === ''
        ? [t('manager.listing')]
        : [
            bytes,
            ...(bytesPerSecond ? [t('manager.rate', { size: format.size(bytesPerSecond) })] : []),
            ...(secondsLeft === null ? [] : [t('app.timeLeft', { time: format.duration(secondsLeft) })]),
          ],
    checking: [t('manager.checking')],
    paused: [bytes, t('manager.stopped')],
    failed: doneBytes > 0 ? [bytes, t('manager.kept')] : [],
  }[state]
  return (
    <div className={classes.download} data-testid={`download-state-${id}`} data-state={state}>
      <div className={classes.downloadRow}>
        <Progress
          flex={1}
          size={6}
          value={100 * share}
          color={state === 'running' || state === 'checking' ? undefined : 'gray'}
          striped={state === 'checking'}
          animated={state === 'checking'}
          aria-label={t('manager.progressOf', { name })}
        />
        {state === 'running' && (
          <Button
            variant="default"
            size="compact-xs"
            onClick={() => void act(() => actions.stop(id))}
            data-testid={`stop-${id}`}
          >
            {t('manager.stop')}
          </Button>
        )}
        {(state === 'paused' || state === 'failed') && (
          <>
            <Button
              variant="default"
              size="compact-xs"
              onClick={() => void act(() => actions.download(id))}
              data-testid={`resume-${id}`}
            >
              {state === 'failed' ? t('manager.retry') : t('manager.resume')}
            </Button>
            <Button
              variant="subtle"
              color="gray"
              size="compact-xs"
              aria-label={t('manager.discardHint', { name })}
              onClick={() => void act(() => actions.discard(id))}
              data-testid={`discard-${id}`}
            >
              {t('manager.discard')}
            </Button>
          </>
        )}
      </div>
      <div className={classes.downloadFacts}>{facts.join(' · ')}</div>
      {error && (
        <p className={classes.bad} role="alert">
          {words.error(fromErrorShape(error))}
        </p>
      )}
    </div>
  )
}
