/** A PDF, page under page, only those in sight drawn; opened at the passage, whose lines are highlighted [EX1]. */
import { Loader } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import type { PDFDocumentProxy } from 'pdfjs-dist'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { anchorAt, offsetOf, slotHeight, startOf, type PageLayout } from './pageLayout.ts'
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

function Pages({ pdf, first, location, page: wanted }: PagesProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const { ref: sizer, width } = useElementSize<HTMLDivElement>()
  const [zoom, setZoom] = useState<number | null>(null)
  const [sizes, setSizes] = useState<ReadonlyMap<number, PageSize>>(() => new Map())
  const fit = Math.min(widest, Math.max(0.2, (width - 2 * marginPx) / first.width))
  const scale = zoom ?? fit

  const layout = useMemo<PageLayout>(
    () => ({ count: pdf.numPages, scale, gapPx, sizeOf: (page) => sizes.get(page) ?? first }),
    [pdf, scale, sizes, first],
  )
  const rows = useVirtualizer({
    count: pdf.numPages,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => slotHeight(layout, index + 1),
    paddingStart: gapPx,
    overscan: 1,
  })

  // A zoom, or a page that turns out to have another size, moves everything; the person stays where they were.
  const lastLayout = useRef(layout)
  useLayoutEffect(() => {
    const last = lastLayout.current
    const box = scroller.current
    lastLayout.current = layout
    if (last === layout || !box) return
    rows.measure()
    const eyes = box.clientHeight / 3
    box.scrollTop = offsetOf(layout, anchorAt(last, box.scrollTop + eyes)) - eyes
  }, [rows, layout])

  const learn = useCallback((page: number, size: PageSize) => {
    setSizes((known) => {
      const old = known.get(page)
      if (old && old.width === size.width && old.height === size.height) return known
      return new Map(known).set(page, size)
    })
  }, [])

  const place = location?.pages.find((one) => one.page === wanted) ?? location?.pages[0] ?? null
  const isReady = width > 0
  const goTo = useCallback(
    async (page: number, box?: readonly [number, number, number, number]) => {
      // Closed meanwhile by another document; a page that cannot be had says so where it is drawn.
      const proxy = await pdf.getPage(page).catch(() => null)
      if (!proxy) return
      const viewport = proxy.getViewport({ scale: 1 })
      learn(page, { width: viewport.width, height: viewport.height })
      // After the new size is in the layout.
      requestAnimationFrame(() => {
        const { current: now } = lastLayout
        const down = box
          ? (viewport.height - box[3]) * now.scale - (scroller.current?.clientHeight ?? 0) / 3
          : 0
        scroller.current?.scrollTo(0, startOf(now, page) - gapPx + Math.max(0, down))
      })
    },
    [pdf, learn],
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
          <div style={{ position: 'relative', height: startOf(layout, pdf.numPages + 1) }}>
            {isReady &&
              items.map((item) => {
                const page = item.index + 1
                const size = layout.sizeOf(page)
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
