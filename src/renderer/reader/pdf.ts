/**
 * pdf.js as this window uses it: drawn on canvas by our own pages, bytes by Range from a signed address, its data from
 * `/pdf/` on the same origin. No scripting, no forms, no XFA; nothing in a file acts here.
 */
import { getDocument, GlobalWorkerOptions, type PDFDocumentProxy } from 'pdfjs-dist'
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url'
import { openRanges } from './pdfRanges.ts'

export interface OpenPdf {
  ready: Promise<PDFDocumentProxy>
  close(): void
}

/** `address` gives a fresh signed address; it is asked again when one has expired. */
export function openPdf(address: () => Promise<string>, onLost: (error: unknown) => void): OpenPdf {
  GlobalWorkerOptions.workerSrc = workerUrl
  const at = (folder: string) => new URL(`/pdf/${folder}/`, window.location.origin).href
  const controller = new AbortController()
  let task: ReturnType<typeof getDocument> | null = null
  let closed = false

  async function open(): Promise<PDFDocumentProxy> {
    const range = await openRanges(address, controller.signal, (error) => (closed ? end() : onLost(error)))
    controller.signal.throwIfAborted()
    task = getDocument({
      range,
      cMapUrl: at('cmaps'),
      cMapPacked: true,
      standardFontDataUrl: at('standard_fonts'),
      wasmUrl: at('wasm'),
      iccUrl: at('iccs'),
      enableXfa: false,
      // The standard fonts come with their true widths; the system's stand-ins do not. CJK falls back by itself.
      useSystemFonts: false,
      // A 300 MB file shows its page 214 without its first 213.
      disableAutoFetch: true,
      disableStream: true,
      rangeChunkSize: 131_072,
    })
    return task.promise
  }

  function end(): void {
    controller.abort()
    void task?.destroy()
  }

  return {
    ready: open(),
    close() {
      closed = true
      // The worker throws when it is ended while it still opens the file, so it may finish that first.
      if (task) task.promise.then(end, end)
      else end()
    },
  }
}
