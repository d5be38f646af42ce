/** The text the library keeps, when the file itself is not there or cannot be drawn [DA6]. */
import { Loader } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useContent } from '../hooks/useReading.ts'
import { useWords } from '../i18n/useWords.ts'
import { Sentence } from '../parts/Sentence.tsx'
import { markTerms } from './markTerms.ts'
import readerClasses from './Reader.module.css'
import classes from './StoredText.module.css'
import type { ViewProps } from './types.ts'

export function StoredText({ documentId, location, terms, hint }: ViewProps & { hint: string }) {
  const { t } = useTranslation()
  const words = useWords()
  const { data, error } = useContent(documentId, true)
  const scroller = useRef<HTMLDivElement>(null)
  const blocks = data?.blocks ?? []
  const rows = useVirtualizer({
    count: blocks.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => 30 + Math.ceil((blocks[index]?.text.length ?? 0) / 80) * 22,
    overscan: 6,
  })
  const isPassage = (index: number): boolean => {
    const block = blocks[index]
    if (!block || !location) return false
    return block.charStart < location.charEnd && block.charStart + block.text.length > location.charStart
  }
  const first = location ? blocks.findIndex((_, index) => isPassage(index)) : -1
  const items = rows.getVirtualItems()
  const shown = `${items[0]?.index}-${items.at(-1)?.index}`
  const wanted = terms.join('\n')

  useEffect(() => {
    if (first >= 0) rows.scrollToIndex(first, { align: 'center' })
  }, [first, rows])

  useEffect(() => {
    const passages = [...(scroller.current?.querySelectorAll<HTMLElement>('[data-passage]') ?? [])]
    return markTerms(passages, wanted === '' ? [] : wanted.split('\n'))
  }, [shown, wanted, first])

  if (error) return <Sentence title={words.error(error)} />
  if (!data) return <Loader className={readerClasses.loader} size={22} aria-label={t('reader.notes')} />
  if (blocks.length === 0) {
    const { reason } = data.document
    return <Sentence title={reason ? words.reason(reason) : t('reader.noText')} />
  }
  return (
    <>
      <p className={readerClasses.note}>{data.cut ? `${hint} ${t('reader.cut')}` : hint}</p>
      <div ref={scroller} className={classes.scroller} tabIndex={0} data-testid="stored-text">
        <div className={classes.page} style={{ height: rows.getTotalSize() }}>
          {items.map((item) => {
            const block = blocks[item.index]!
            const startsPage = block.page !== null && block.page !== blocks[item.index - 1]?.page
            return (
              <div
                key={item.key}
                ref={rows.measureElement}
                data-index={item.index}
                className={classes.block}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {startsPage && (
                  <div className={classes.number}>{t('reader.pageNumber', { page: block.page })}</div>
                )}
                <p
                  className={classes.text}
                  data-kind={block.kind}
                  data-passage={isPassage(item.index) || undefined}
                  data-testid={isPassage(item.index) ? 'stored-highlight' : undefined}
                >
                  {block.text}
                </p>
              </div>
            )
          })}
        </div>
      </div>
    </>
  )
}
