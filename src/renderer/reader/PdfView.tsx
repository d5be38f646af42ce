/** A PDF, page under page, only those in sight drawn; opened at the passage, whose lines are highlighted [EX1]. */
import { Loader } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import type { PDFDocumentProxy } from 'pdfjs-dist'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { PdfBar } from './PdfBar.tsx'
import { PdfPage } from './PdfPage.tsx'
import classes from './PdfView.module.css'
import readerClasses from './Reader.module.css'
import type { ViewProps } from './types.ts'
import { usePdf, type PageSize } from './usePdf.ts'

export function PdfView({ onUnreadable, ...view }: ViewProps & { onUnreadable(): void }) {
  const { t } = useTranslation()
  const { pdf, first, error } = usePdf(view.documentId)
  useEffect(() => {
    if (error) onUnreadable()
  }, [error, onUnreadable])
  if (!pdf || !first)
    return <Loader className={readerClasses.loader} size={22} aria-label={t('reader.notes')} />
  return <Pages key={view.documentId} pdf={pdf} first={first} {...view} />
}

const gapPx = 14
const marginPx = 18
const widest = 2
const zoomSteps = [0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4]

interface PagesProps extends ViewProps {
  pdf: PDFDocumentProxy
  first: PageSize
}

function Pages({ pdf, first, location }: PagesProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const { ref: sizer, width } = useElementSize<HTMLDivElement>()
  const [zoom, setZoom] = useState<number | null>(null)
  const [sizes, setSizes] = useState<ReadonlyMap<number, PageSize>>(() => new Map())
  const fit = Math.min(widest, Math.max(0.2, (width - 2 * marginPx) / first.width))
  const scale = zoom ?? fit
  const sizeOf = (page: number): PageSize => sizes.get(page) ?? first

  const rows = useVirtualizer({
    count: pdf.numPages,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => Math.round(sizeOf(index + 1).height * scale) + gapPx,
    paddingStart: gapPx,
    overscan: 1,
  })

  // The estimate changes with the scale and with every page whose size becomes known; a zoom keeps the place.
  const lastScale = useRef(scale)
  useLayoutEffect(() => {
    rows.measure()
    const ratio = scale / lastScale.current
    lastScale.current = scale
    if (ratio !== 1 && scroller.current) rows.scrollToOffset(scroller.current.scrollTop * ratio)
  }, [rows, scale, sizes])

  const learn = useCallback((page: number, size: PageSize) => {
    setSizes((known) => {
      const old = known.get(page)
      if (old && old.width === size.width && old.height === size.height) return known
      return new Map(known).set(page, size)
    })
  }, [])

  const place = location?.pages[0] ?? null
  const isReady = width > 0
  const goTo = useCallback(
    async (page: number, box?: readonly [number, number, number, number]) => {
      const viewport = (await pdf.getPage(page)).getViewport({ scale: 1 })
      learn(page, { width: viewport.width, height: viewport.height })
      // After the new size is in the measurements.
      requestAnimationFrame(() => {
        const top = rows.getOffsetForIndex(page - 1, 'start')?.[0] ?? 0
        const within = box
          ? (viewport.height - box[3]) * scale - (scroller.current?.clientHeight ?? 0) / 3
          : 0
        rows.scrollToOffset(Math.max(0, top + Math.max(0, within)))
      })
    },
    [pdf, rows, scale, learn],
  )

  const latestGoTo = useRef(goTo)
  latestGoTo.current = goTo
  useEffect(() => {
    if (isReady && place) void latestGoTo.current(place.page, topmost(place.boxes))
  }, [isReady, place])

  const items = rows.getVirtualItems()
  const middle = (rows.scrollOffset ?? 0) + (scroller.current?.clientHeight ?? 0) / 3
  const current = items.find((item) => item.end > middle)?.index ?? 0

  const step = (by: 1 | -1) => {
    const next =
      by > 0 ? zoomSteps.find((value) => value > scale + 0.01) : zoomSteps.findLast((v) => v < scale - 0.01)
    if (next) setZoom(next)
  }

  return (
    <>
      <PdfBar
        page={current + 1}
        pages={pdf.numPages}
        label={location?.pages.find((one) => one.page === current + 1)?.label ?? null}
        scale={scale}
        isFit={zoom === null}
        onPage={(page) => void goTo(page)}
        onZoomIn={() => step(1)}
        onZoomOut={() => step(-1)}
        onFit={() => setZoom(null)}
      />
      <div ref={sizer} className={classes.sizer}>
        <div ref={scroller} className={classes.scroller} tabIndex={0} data-testid="pdf">
          <div style={{ position: 'relative', height: rows.getTotalSize() }}>
            {isReady &&
              items.map((item) => {
                const page = item.index + 1
                const size = sizeOf(page)
                return (
                  <div
                    key={item.key}
                    className={classes.slot}
                    style={{
                      transform: `translateY(${item.start}px)`,
                      minWidth: size.width * scale + 2 * marginPx,
                    }}
                  >
                    <PdfPage
                      pdf={pdf}
                      page={page}
                      size={size}
                      scale={scale}
                      boxes={location?.pages.find((one) => one.page === page)?.boxes ?? null}
                      onSize={learn}
                    />
                  </div>
                )
              })}
          </div>
        </div>
      </div>
    </>
  )
}

type Box = [number, number, number, number]

const topmost = (boxes: Box[]): Box | undefined => boxes.toSorted((a, b) => b[3] - a[3])[0]
