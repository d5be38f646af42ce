import type { PDFDocumentProxy } from 'pdfjs-dist'
import { useEffect, useState } from 'react'
import { useEngine } from '../hooks/engine.ts'
import { openPdf, type OpenPdf } from './pdf.ts'

export interface PageSize {
  width: number
  height: number
}

interface PdfState {
  pdf: PDFDocumentProxy | null
  /** Of the first page, in points; what other pages are taken for until they are seen. */
  first: PageSize | null
  error: unknown
}

/** Opens a document's PDF, and closes it when another is wanted. */
export function usePdf(documentId: number): PdfState {
  const { calls } = useEngine()
  const [state, setState] = useState<PdfState>({ pdf: null, first: null, error: null })

  useEffect(() => {
    let opened: OpenPdf | null = null
    let isGone = false
    setState({ pdf: null, first: null, error: null })
    const fail = (error: unknown) => {
      if (!isGone) setState({ pdf: null, first: null, error })
    }
    void open().catch(fail)
    return () => {
      isGone = true
      opened?.close()
    }

    async function open(): Promise<void> {
      const address = async () => (await calls.documents.address({ id: documentId })).url
      opened = openPdf(address, fail)
      const pdf = await opened.ready
      if (isGone) return
      const { width, height } = (await pdf.getPage(1)).getViewport({ scale: 1 })
      if (!isGone) setState({ pdf, first: { width, height }, error: null })
    }
  }, [calls, documentId])

  return state
}
