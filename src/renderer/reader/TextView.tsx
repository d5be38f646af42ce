/** Plain text by its lines, however many: only those in sight are in the page. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import { markTerms } from './markTerms.ts'
import classes from './TextView.module.css'
import type { ViewProps } from './types.ts'

const lineHeightPx = 22

export function TextView({ source, location, terms }: ViewProps & { source: string }) {
  const scroller = useRef<HTMLDivElement>(null)
  const lines = useMemo(() => source.split(/\r\n|\r|\n/), [source])
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => lineHeightPx,
    overscan: 20,
  })
  const from = location?.lineStart ?? null
  const to = location?.lineEnd ?? from
  const items = rows.getVirtualItems()
  const shown = `${items[0]?.index}-${items.at(-1)?.index}`
  const wanted = terms.join('\n')

  useEffect(() => {
    if (from !== null) rows.scrollToIndex(from - 1, { align: 'center' })
  }, [from, rows])

  useEffect(() => {
    const passages = [...(scroller.current?.querySelectorAll<HTMLElement>('[data-passage]') ?? [])]
    return markTerms(passages, wanted === '' ? [] : wanted.split('\n'))
  }, [shown, wanted, from, to])

  return (
    <div ref={scroller} className={classes.scroller} tabIndex={0} data-testid="text">
      <div className={classes.page} style={{ height: rows.getTotalSize() }}>
        {items.map((item) => {
          const line = item.index + 1
          const isPassage = from !== null && to !== null && line >= from && line <= to
          return (
            <div
              key={item.key}
              ref={rows.measureElement}
              data-index={item.index}
              className={classes.line}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <span className={classes.number} aria-hidden="true">
                {line}
              </span>
              <span
                className={classes.text}
                data-passage={isPassage || undefined}
                data-testid={isPassage ? 'text-highlight' : undefined}
              >
                {lines[item.index] || ' '}
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}
