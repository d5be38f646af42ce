import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { PassageLocation } from '../../shared/contract.ts'
import type { DocumentSummary } from '../../shared/document.ts'
import { useAct } from '../hooks/useAct.ts'
import { Icon } from '../parts/Icon.tsx'
import { KindIcon } from '../parts/KindIcon.tsx'
import { useWindow, type Reading } from '../shell/useWindow.tsx'
import classes from './ReaderBar.module.css'
import { useCitation } from './useCitation.ts'
import { passageAt } from './useReaderKeys.ts'

interface ReaderBarProps {
  reading: Reading
  document: DocumentSummary | null
  location: PassageLocation | null
}

export function ReaderBar({ reading, document, location }: ReaderBarProps) {
  const { t } = useTranslation()
  const act = useAct()
  const { closeReader, toPassage, view } = useWindow()
  const cite = useCitation(reading, document, location)
  const shell = window.manifold
  const { passages, chunkId } = reading
  const at = chunkId === null ? -1 : passages.indexOf(chunkId)
  const step = (by: number) => {
    const next = passageAt(reading, by)
    if (next !== null) toPassage(next)
  }
  return (
    <header className={classes.bar}>
      <div className={classes.title}>
        <KindIcon kind={document?.kind ?? 'other'} size={16} />
        <span className={classes.names}>
          <strong className={classes.name} data-testid="reader-title">
            {document?.title ?? reading.title}
          </strong>
          <span className={classes.path} title={document?.path}>
            {document?.path}
          </span>
        </span>
        {document && !document.connected && <span className={classes.gone}>{t('hit.notConnected')}</span>}
      </div>
      {passages.length > 1 && (
        <div className={classes.hits}>
          <ActionIcon onClick={() => step(-1)} aria-label={t('reader.previous')} size={24}>
            <Icon name="left" size={14} />
          </ActionIcon>
          <span data-testid="hit-of">{t('reader.hitOf', { index: at + 1, count: passages.length })}</span>
          <ActionIcon onClick={() => step(1)} aria-label={t('reader.next')} size={24}>
            <Icon name="right" size={14} />
          </ActionIcon>
        </div>
      )}
      {shell && document?.connected && (
        <>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            onClick={() => void act(() => shell.open(document.id))}
          >
            {t('reader.open')}
          </Button>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            onClick={() => void act(() => shell.reveal(document.id))}
          >
            {t('reader.reveal')}
          </Button>
        </>
      )}
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => void cite()} data-testid="cite">
        {t('reader.cite')}
      </Button>
      <Tooltip label={view === 'find' ? t('reader.back') : t('reader.close')}>
        <ActionIcon
          className={view === 'find' ? classes.closeNarrow : undefined}
          onClick={closeReader}
          aria-label={t('reader.close')}
          data-testid="reader-close"
        >
          <Icon name="close" size={15} />
        </ActionIcon>
      </Tooltip>
    </header>
  )
}
