/** Documents whose name has the words. Those not read yet, or not readable, are found only so [DA2]. */
import { useTranslation } from 'react-i18next'
import type { DocumentSummary } from '../../shared/document.ts'
import type { SearchUpdate } from '../../shared/search.ts'
import { useWords } from '../i18n/useWords.ts'
import { KindIcon } from '../parts/KindIcon.tsx'
import { useWindow } from '../shell/useWindow.tsx'
import classes from './NameHits.module.css'

export function NameHits({ update }: { update: SearchUpdate }) {
  const { t } = useTranslation()
  const inHits = new Set(update.hits.map((hit) => hit.document.id))
  const only = update.names.filter((document) => !inHits.has(document.id))
  if (only.length === 0) return null
  const areUnread = only.every((document) => document.chunks === 0)
  return (
    <section data-testid="name-hits">
      <h2 className={classes.title}>
        {t(areUnread ? 'search.byNameOnly' : 'search.byName', { count: only.length })}
      </h2>
      {only.map((document) => (
        <NameHit key={document.id} document={document} />
      ))}
    </section>
  )
}

function NameHit({ document }: { document: DocumentSummary }) {
  const { t } = useTranslation()
  const words = useWords()
  const { open, preview, reading } = useWindow()
  const target = { documentId: document.id, title: document.title, hit: null, passages: [], chunkId: null }
  const why = document.reason
    ? words.reason(document.reason)
    : document.status === 'indexed'
      ? null
      : t(`status.${document.status}`)
  return (
    <button
      type="button"
      className={classes.row}
      data-hit
      data-current={(reading?.documentId === document.id && !reading.hit) || undefined}
      onClick={() => open(target)}
      onFocus={() => preview(target)}
      data-testid="name-hit"
    >
      <KindIcon kind={document.kind} />
      <span className={classes.text}>
        <span className={classes.name}>{document.title}</span>
        <span className={classes.path}>{document.path}</span>
        {why && <span className={classes.why}>{why}</span>}
      </span>
    </button>
  )
}
