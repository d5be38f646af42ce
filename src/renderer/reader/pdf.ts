/**
 * pdf.js as this window uses it: drawn on canvas by our own pages, bytes by Range from a signed address, its data from
 * `/pdf/` on the same origin. No scripting, no forms, no XFA; nothing in a file acts here.
 */
import { getDocument, GlobalWorkerOptions, PasswordException, type PDFDocumentProxy } from 'pdfjs-dist'
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url'

export interface OpenPdf {
  ready: Promise<PDFDocumentProxy>
  close(): void
}

export function openPdf(url: string): OpenPdf {
  GlobalWorkerOptions.workerSrc = workerUrl
  const task = getDocument({
    url: new URL(url, window.location.origin).href,
    cMapUrl: new URL('/pdf/cmaps/', window.location.origin).href,
    cMapPacked: true,
    standardFontDataUrl: new URL('/pdf/standard_fonts/', window.location.origin).href,
    wasmUrl: new URL('/pdf/wasm/', window.location.origin).href,
    iccUrl: new URL('/pdf/iccs/', window.location.origin).href,
    enableXfa: false,
    // The standard fonts come with their true widths; the system's stand-ins do not. CJK falls back by itself.
    useSystemFonts: false,
    // A 300 MB file shows its page 214 without its first 213.
    disableAutoFetch: true,
    disableStream: true,
    rangeChunkSize: 131_072,
  })
  return { ready: task.promise, close: () => void task.destroy() }
}

export const isPasswordError = (error: unknown): boolean => error instanceof PasswordException
