/** What is being sent, in the corner, until it is done and looked at. */
import { ActionIcon, Button, Progress } from '@mantine/core'
import { useEffect, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { Icon } from '../parts/Icon.tsx'
import type { UploadItem } from './uploads.ts'
import { useAdd } from './useAdd.tsx'
import classes from './UploadPanel.module.css'

const shownRows = 60
const quietMs = 4000

export function UploadPanel() {
  const { t } = useTranslation()
  const { uploads } = useAdd()
  const format = useFormat()
  const items = useSyncExternalStore(uploads.subscribe, uploads.snapshot)
  const failed = items.filter((item) => item.state === 'failed')
  const open = items.filter((item) => item.state === 'waiting' || item.state === 'sending')
  const unchanged = items.filter((item) => item.state === 'unchanged').length
  const isDone = items.length > 0 && open.length === 0

  useEffect(() => {
    if (!isDone || failed.length > 0) return
    const timer = setTimeout(uploads.clear, quietMs)
    return () => clearTimeout(timer)
  }, [isDone, failed.length, uploads])

  if (items.length === 0) return null
  const total = items.reduce((sum, item) => sum + item.sizeBytes, 0)
  const sent = items.reduce((sum, item) => sum + (isOpen(item) ? item.sentBytes : item.sizeBytes), 0)
  const done = items.length - open.length
  const kept = items.filter((item) => item.state === 'added' || item.state === 'unchanged').length
  const isStopped = items.some((item) => item.state === 'cancelled')
  const rows = [...failed, ...items.filter((item) => item.state === 'sending')].slice(0, shownRows)
  return (
    <section className={classes.panel} aria-label={t('add.uploads')} data-testid="uploads">
      <header className={classes.head}>
        <strong>
          {t('add.uploaded', {
            done: format.number(kept),
            total: format.number(items.length),
          })}
        </strong>
        {isDone ? (
          <ActionIcon onClick={uploads.clear} aria-label={t('add.hide')}>
            <Icon name="close" size={14} />
          </ActionIcon>
        ) : (
          <Button variant="subtle" size="compact-xs" onClick={uploads.cancel} data-testid="upload-cancel">
            {t('app.cancel')}
          </Button>
        )}
      </header>
      <Progress
        value={total === 0 ? (100 * done) / items.length : (100 * sent) / total}
        color={isStopped ? 'gray' : undefined}
        size={4}
        aria-label={t('add.uploads')}
      />
      {isStopped && <p className={classes.note}>{t('add.stopped')}</p>}
      {unchanged > 0 && <p className={classes.note}>{t('add.unchanged', { count: unchanged })}</p>}
      {failed.length > 0 && <p className={classes.bad}>{t('add.failed', { count: failed.length })}</p>}
      {rows.length > 0 && (
        <ul className={classes.rows}>
          {rows.map((item) => (
            <Row key={item.id} item={item} />
          ))}
        </ul>
      )}
    </section>
  )
}

const isOpen = (item: UploadItem): boolean => item.state === 'waiting' || item.state === 'sending'

function Row({ item }: { item: UploadItem }) {
  const words = useWords()
  const format = useFormat()
  const share = item.sizeBytes === 0 ? 0 : item.sentBytes / item.sizeBytes
  return (
    <li className={classes.row}>
      <span className={classes.name} title={item.name}>
        {item.name}
      </span>
      {item.error ? (
        <span className={classes.bad}>{words.error(item.error)}</span>
      ) : (
        <span className={classes.share}>{format.percent(share)}</span>
      )}
    </li>
  )
}
