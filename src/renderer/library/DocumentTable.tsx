/** Documents, one a row, only those in sight in the page; the next ones are asked for near the end. */
import { Checkbox } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { DocumentQuery } from '../../shared/contract.ts'
import type { DocumentSummary } from '../../shared/document.ts'
import { Icon } from '../parts/Icon.tsx'
import { DocumentRow } from './DocumentRow.tsx'
import classes from './DocumentTable.module.css'
import type { Removal } from './useRemoval.tsx'

export interface Sort {
  by: DocumentQuery['sort']
  descending: boolean
}

interface DocumentTableProps {
  documents: DocumentSummary[]
  sort: Sort
  onSort(sort: Sort): void
  chosen: ReadonlySet<number>
  onChoose(chosen: ReadonlySet<number>): void
  onEnd(): void
  removal: Removal
}

const rowHeightPx = 46
const columns = [
  { name: 'library.name', sort: 'title' },
  { name: 'library.status', sort: null },
  { name: 'library.chunks', sort: null },
  { name: 'library.size', sort: 'size' },
  { name: 'library.date', sort: 'date' },
] as const

export function DocumentTable(props: DocumentTableProps) {
  const { documents, sort, onSort, chosen, onChoose, onEnd, removal } = props
  const { t } = useTranslation()
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: documents.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeightPx,
    overscan: 12,
  })
  const items = rows.getVirtualItems()
  const isAtEnd = (items.at(-1)?.index ?? 0) >= documents.length - 20
  useEffect(() => {
    if (isAtEnd && documents.length > 0) onEnd()
  }, [isAtEnd, documents.length, onEnd])

  const toggle = (id: number) => {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    onChoose(next)
  }
  const isAll = documents.length > 0 && documents.every((document) => chosen.has(document.id))
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="table"
      aria-label={t('library.title')}
      aria-rowcount={documents.length}
    >
      <div className={classes.head} role="row">
        <span role="columnheader">
          <Checkbox
            checked={isAll}
            indeterminate={!isAll && chosen.size > 0}
            onChange={() => onChoose(isAll ? new Set() : new Set(documents.map((document) => document.id)))}
            aria-label={t('library.selectAll')}
          />
        </span>
        {columns.map((column) => (
          <span
            key={column.name}
            role="columnheader"
            aria-sort={sort.by !== column.sort ? undefined : sort.descending ? 'descending' : 'ascending'}
          >
            {column.sort ? (
              <button
                type="button"
                className={classes.sort}
                onClick={() =>
                  onSort({
                    by: column.sort,
                    descending: sort.by === column.sort ? !sort.descending : column.sort !== 'title',
                  })
                }
              >
                {t(column.name)}
                {sort.by === column.sort && <Icon name={sort.descending ? 'down' : 'up'} size={12} />}
              </button>
            ) : (
              t(column.name)
            )}
          </span>
        ))}
        <span role="columnheader" />
      </div>
      <div role="rowgroup" style={{ position: 'relative', height: rows.getTotalSize() }}>
        {items.map((item) => {
          const document = documents[item.index]!
          return (
            <DocumentRow
              key={document.id}
              document={document}
              top={item.start}
              isChosen={chosen.has(document.id)}
              onChoose={() => toggle(document.id)}
              removal={removal}
            />
          )
        })}
      </div>
    </div>
  )
}
