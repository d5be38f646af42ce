/**
 * PDF to lines with boxes, in reading order, page by page [EX1]. Says why where there is no text: encrypted, damaged,
 * scanned (needs OCR), garbled. Boxes and page sizes are in points of the page as it is shown (crop box, rotation
 * applied), origin bottom left: what pdf.js' viewport at scale 1 shows at (x, height - y).
 */
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist'
import type { TextItem as PdfTextItem } from 'pdfjs-dist/types/src/display/api.js'
import { documentOptions, loadPdfJs, type PdfJs } from './pdf-engine.ts'
import { documentTitle, infoText, pdfDate } from './pdf-info.ts'
import { layOutPage, type FontStyle, type PageLine } from './pdf-layout.ts'
import { structure } from './pdf-structure.ts'
import { extractorVersions } from './kinds.ts'
import type { ExtractResult, Page } from './types.ts'

export const maxPdfPages = 20_000
const maxChars = 100_000_000

export interface PdfOptions {
  /** Folder with cmaps/, standard_fonts/, wasm/, iccs/ of pdfjs-dist. */
  resources: string
  /** Called after every page: the watch counts from there. */
  onProgress?: () => void
}

interface ReadPage {
  lines: PageLine[]
  page: Page
  /** blank: nothing is drawn; scan: something is, but no text; broken: pdf.js gave up on it. */
  state: 'text' | 'blank' | 'scan' | 'garbled' | 'broken'
}

export async function extractPdf(
  bytes: Uint8Array,
  { resources, onProgress }: PdfOptions,
): Promise<ExtractResult> {
  const pdfjs = await loadPdfJs()
  // pdf.js takes the buffer over; a Buffer from node's pool would take its neighbours along.
  const data =
    bytes.byteLength === bytes.buffer.byteLength && !Buffer.isBuffer(bytes) ? bytes : new Uint8Array(bytes)
  const task = pdfjs.getDocument({ ...documentOptions(pdfjs, resources), data })
  // Without this an encrypted file would wait for a password.
  let encrypted = false
  task.onPassword = () => {
    encrypted = true
    void task.destroy()
  }
  try {
    return await readDocument(pdfjs, await task.promise, onProgress ?? (() => {}))
  } catch (error) {
    if (encrypted || (error instanceof Error && error.name === 'PasswordException'))
      return failed('encrypted')
    return { ok: false, reason: { code: 'damaged', data: { detail: messageOf(error) } } }
  } finally {
    await task.destroy()
  }
}

const failed = (
  code: 'encrypted' | 'no-text' | 'garbled' | 'empty',
  data: Record<string, number> = {},
): ExtractResult => ({
  ok: false,
  reason: { code, data },
})

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 200)

async function readDocument(
  pdfjs: PdfJs,
  document: PDFDocumentProxy,
  onProgress: () => void,
): Promise<ExtractResult> {
  const pages = document.numPages
  if (pages > maxPdfPages)
    return { ok: false, reason: { code: 'too-large', data: { pages, limitPages: maxPdfPages } } }
  const labels = await document.getPageLabels().catch(() => null)
  const read: ReadPage[] = []
  let chars = 0
  let problem = ''
  for (let number = 1; number <= pages; number++) {
    const label = labels?.[number - 1]?.trim().slice(0, 50) || null
    try {
      read.push(await readPage(pdfjs, await document.getPage(number), label))
    } catch (error) {
      problem ||= messageOf(error)
      read.push({ lines: [], page: { label, widthPoints: 0, heightPoints: 0, chars: 0 }, state: 'broken' })
    }
    chars += read.at(-1)!.page.chars
    if (chars > maxChars)
      return { ok: false, reason: { code: 'too-large', data: { chars, limitChars: maxChars } } }
    onProgress()
  }
  const count = (state: ReadPage['state']) => read.filter((one) => one.state === state).length
  if (count('text') === 0) {
    if (count('garbled') > 0) return failed('garbled', { pages })
    if (count('scan') > 0) return failed('no-text', { pages })
    if (count('broken') > 0)
      return { ok: false, reason: { code: 'damaged', data: { pages, detail: problem } } }
    return failed('empty', { pages })
  }
  const { blocks, largest } = structure(read.map((one) => one.lines))
  const info = await document
    .getMetadata()
    .then(({ info }) => info as Record<string, unknown>)
    .catch((): Record<string, unknown> => ({}))
  const created = pdfDate(info.CreationDate)
  const modified = pdfDate(info.ModDate)
  const metadata: Record<string, string> = {}
  const put = (key: string, value: string | null) => {
    if (value) metadata[key] = value
  }
  put('author', infoText(info.Author))
  put('subject', infoText(info.Subject))
  put('keywords', infoText(info.Keywords))
  put('title', infoText(info.Title))
  put('creator', infoText(info.Creator))
  put('producer', infoText(info.Producer))
  put('created', created)
  put('modified', modified)
  const firstPage = read[0]!.lines.map((line) => line.text).join(' ')
  const pagesWithoutText = pages - count('text') - count('blank')
  return {
    ok: true,
    text: {
      extractor: extractorVersions.pdf,
      kind: 'pdf',
      title: documentTitle(infoText(info.Title), largest, firstPage),
      date: created ?? modified,
      tags: [],
      metadata,
      pages: read.map((one) => one.page),
      blocks,
      source: null,
      partial: pagesWithoutText > 0 ? { code: 'partly-no-text', data: { pages, pagesWithoutText } } : null,
    },
  }
}

async function readPage(pdfjs: PdfJs, proxy: PDFPageProxy, label: string | null): Promise<ReadPage> {
  try {
    const viewport = proxy.getViewport({ scale: 1 })
    const { items, styles } = await proxy.getTextContent({
      includeMarkedContent: false,
      disableNormalization: true,
    })
    const lines = layOutPage(items as PdfTextItem[], styles as unknown as Record<string, FontStyle>, viewport)
    const chars = lines.reduce((sum, line) => sum + line.text.length, 0)
    const page = { label, widthPoints: viewport.width, heightPoints: viewport.height, chars }
    if (chars === 0) return { lines, page, state: (await isBlank(pdfjs, proxy)) ? 'blank' : 'scan' }
    if (isGarbled(lines.map((line) => line.text).join('\n'))) {
      return { lines: [], page: { ...page, chars: 0 }, state: 'garbled' }
    }
    return { lines, page, state: 'text' }
  } finally {
    proxy.cleanup()
  }
}

/** A page on which nothing is painted is not a scan. */
async function isBlank(pdfjs: PdfJs, proxy: PDFPageProxy): Promise<boolean> {
  const { OPS } = pdfjs
  const idle = new Set<number>([
    OPS.save,
    OPS.restore,
    OPS.dependency,
    OPS.setGState,
    OPS.setLineWidth,
    OPS.endPath,
  ])
  const { fnArray } = await proxy.getOperatorList()
  return fnArray.every((op: number) => idle.has(op))
}

/**
 * A text layer that is not the page's words: glyph numbers without meaning (private use, unassigned, control
 * characters), or Chinese bytes read as Western letters. No language puts an accent on every second letter.
 */
export function isGarbled(text: string): boolean {
  const shown = text.replace(/\s/g, '').length
  if (shown < 8) return false
  const bad =
    text.match(
      /[\ue000-\uf01f\uf100-\uf8ff\u{f0000}-\u{10fffd}\p{Cn}\p{Cs}\ufffd\u0000-\u0008\u000e-\u001f\u007f-\u009f]/gu,
    )?.length ?? 0
  if (bad > shown * 0.25) return true
  // Symbol fonts put bullets and signs at U+F020 to U+F0FF, in good texts too; printer drivers put every letter there.
  const symbols = text.match(/[\uf020-\uf0ff]/g)?.length ?? 0
  if (symbols + bad > shown * 0.6) return true
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  const accented = text.match(/[\u00a1-\u00ff]/g)?.length ?? 0
  return accented > 20 && accented > letters * 0.55
}
