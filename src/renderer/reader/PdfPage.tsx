/** One page: canvas, the passage's lines over it, and the text itself on top, invisible, to select and copy. */
import { TextLayer, type PDFDocumentProxy } from 'pdfjs-dist'
import { useEffect, useRef, type CSSProperties } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './PdfPage.module.css'
import type { PageSize } from './usePdf.ts'

interface PdfPageProps {
  pdf: PDFDocumentProxy
  page: number
  size: PageSize
  scale: number
  /** Points, origin bottom left of the page as shown. */
  boxes: [number, number, number, number][] | null
  onSize(page: number, size: PageSize): void
}

/** Some 16 million pixels: beyond that a canvas of Chromium stays blank. */
const mostPixels = 16_777_216

export function PdfPage({ pdf, page, size, scale, boxes, onSize }: PdfPageProps) {
  const { t } = useTranslation()
  const canvas = useRef<HTMLCanvasElement>(null)
  const text = useRef<HTMLDivElement>(null)

  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    void draw().catch((error: unknown) => {
      // A page that left the view takes its drawing with it; that is no failure.
      if (!signal.aborted) console.error(error)
    })
    return () => controller.abort()

    async function draw(): Promise<void> {
      const proxy = await pdf.getPage(page)
      if (signal.aborted || !canvas.current || !text.current) return
      const natural = proxy.getViewport({ scale: 1 })
      onSize(page, { width: natural.width, height: natural.height })
      const viewport = proxy.getViewport({ scale })
      const wanted = window.devicePixelRatio || 1
      const density = Math.min(wanted, Math.sqrt(mostPixels / (viewport.width * viewport.height)))
      const target = document.createElement('canvas')
      target.width = Math.floor(viewport.width * density)
      target.height = Math.floor(viewport.height * density)
      const task = proxy.render({
        canvas: target,
        viewport,
        ...(density === 1 ? {} : { transform: [density, 0, 0, density, 0, 0] }),
      })
      signal.addEventListener('abort', () => task.cancel())
      await task.promise
      if (signal.aborted || !canvas.current) return
      canvas.current.width = target.width
      canvas.current.height = target.height
      canvas.current.getContext('2d')?.drawImage(target, 0, 0)
      canvas.current.dataset.drawn = 'true'

      text.current.replaceChildren()
      const layer = new TextLayer({
        textContentSource: proxy.streamTextContent(),
        container: text.current,
        viewport,
      })
      signal.addEventListener('abort', () => layer.cancel())
      await layer.render()
    }
  }, [pdf, page, scale, onSize])

  return (
    <div
      className={classes.page}
      style={
        {
          width: size.width * scale,
          height: size.height * scale,
          '--total-scale-factor': scale,
          '--scale-round-x': '1px',
          '--scale-round-y': '1px',
        } as CSSProperties
      }
      role="group"
      aria-label={t('reader.pageNumber', { page })}
      data-testid="pdf-page"
      data-page={page}
    >
      <canvas ref={canvas} className={classes.canvas} />
      {boxes?.map(([x0, y0, x1, y1]) => (
        <div
          key={`${x0},${y0},${x1},${y1}`}
          className={classes.highlight}
          style={{
            left: x0 * scale - 2,
            top: (size.height - y1) * scale - 1,
            width: (x1 - x0) * scale + 4,
            height: (y1 - y0) * scale + 2,
          }}
          data-testid="pdf-highlight"
        />
      ))}
      <div ref={text} className={classes.text} />
    </div>
  )
}
