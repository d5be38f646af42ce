import { ActionIcon, Checkbox, Menu, Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { DocumentSummary } from '../../shared/document.ts'
import { useAct } from '../hooks/useAct.ts'
import { useDocumentActions } from '../hooks/useDocuments.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { groupOf, useWords } from '../i18n/useWords.ts'
import { Icon } from '../parts/Icon.tsx'
import { KindIcon } from '../parts/KindIcon.tsx'
import { useWindow } from '../shell/useWindow.tsx'
import classes from './DocumentTable.module.css'
import type { Removal } from './useRemoval.tsx'

interface DocumentRowProps {
  document: DocumentSummary
  top: number
  isChosen: boolean
  onChoose(): void
  removal: Removal
}

export function DocumentRow({ document, top, isChosen, onChoose, removal }: DocumentRowProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const act = useAct()
  const documents = useDocumentActions()
  const { open } = useWindow()
  const { id, title, status, reason } = document
  const read = () => open({ documentId: id, title, hit: null, passages: [], chunkId: null })
  const shortStatus =
    status === 'failed' && reason ? t(`groups.${groupOf[reason.code]}.title`) : t(`status.${status}`)
  return (
    <div
      role="row"
      className={classes.row}
      style={{ transform: `translateY(${top}px)` }}
      data-chosen={isChosen || undefined}
      data-testid="document-row"
      data-document={id}
    >
      <span role="cell">
        <Checkbox checked={isChosen} onChange={onChoose} aria-label={t('library.select', { name: title })} />
      </span>
      <span role="cell" style={{ minWidth: 0 }}>
        <button type="button" className={classes.what} onClick={read} style={{ width: '100%' }}>
          <KindIcon kind={document.kind} size={17} />
          <span className={classes.names}>
            <span className={classes.name}>{title}</span>
            <span className={classes.path} title={document.path}>
              {document.path}
            </span>
          </span>
        </button>
      </span>
      <Tooltip label={reason ? words.reason(reason) : shortStatus} multiline maw={320} disabled={!reason}>
        <span
          role="cell"
          className={classes.status}
          data-status={status}
          data-reason={reason?.code}
          data-testid="document-status"
        >
          <span>{shortStatus}</span>
        </span>
      </Tooltip>
      <span role="cell" className={classes.figure}>
        {document.chunks > 0 ? format.number(document.chunks) : '–'}
      </span>
      <span role="cell" className={classes.figure}>
        {format.size(document.sizeBytes)}
      </span>
      <span role="cell" className={classes.figure}>
        {format.date(document.date)}
      </span>
      <span role="cell">
        <Menu position="bottom-end" width={190}>
          <Menu.Target>
            <ActionIcon aria-label={t('library.actions', { name: title })} data-testid="document-actions">
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={read}>{t('library.open')}</Menu.Item>
            {window.manifold && document.connected && (
              <Menu.Item onClick={() => void act(() => window.manifold!.reveal(id))}>
                {t('reader.reveal')}
              </Menu.Item>
            )}
            {(status === 'failed' || status === 'partial') && (
              <Menu.Item onClick={() => void act(() => documents.retry([id]))}>{t('app.retry')}</Menu.Item>
            )}
            <Menu.Divider />
            <Menu.Item onClick={() => removal.remove([id])} data-testid="document-remove">
              {t('library.remove')}
            </Menu.Item>
            <Menu.Item color="red" onClick={() => removal.askForget([id])} data-testid="document-forget">
              {t('library.forget')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </span>
    </div>
  )
}
