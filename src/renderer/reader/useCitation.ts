/** The passage with its source, for the clipboard: what is selected in the reader, else the best sentence. */
import { useTranslation } from 'react-i18next'
import type { PassageLocation } from '../../shared/contract.ts'
import type { DocumentSummary } from '../../shared/document.ts'
import { useAct } from '../hooks/useAct.ts'
import { notify } from '../parts/notify.tsx'
import type { Reading } from '../shell/useWindow.tsx'
import { readerId } from './useReaderKeys.ts'

export function useCitation(
  { hit, chunkId, title }: Reading,
  summary: DocumentSummary | null,
  location: PassageLocation | null,
): () => Promise<void> {
  const { t } = useTranslation()
  const act = useAct()

  return async () => {
    const page = location?.pages[0]
    const name = summary?.title ?? title
    const source = page
      ? t('reader.sourcePage', { title: name, page: page.label ?? page.page })
      : summary?.kind === 'text' && location?.lineStart
        ? t('reader.sourceLine', { title: name, line: location.lineStart })
        : t('reader.sourceWhole', { title: name })
    const quote = selected() || (hit && hit.chunk.id === chunkId ? bestOf(hit) : '')
    const text = quote ? t('reader.citation', { quote, source }) : t('reader.citationPlain', { source })
    await act(() => navigator.clipboard.writeText(text))
    notify(t('reader.cited'), { title: text.length > 120 ? `${text.slice(0, 120)}…` : text })
  }
}

function selected(): string {
  const selection = window.getSelection()
  const reader = document.getElementById(readerId)
  if (!selection?.anchorNode || !reader?.contains(selection.anchorNode)) return ''
  return selection.toString().replace(/\s+/g, ' ').trim()
}

function bestOf({ snippet }: NonNullable<Reading['hit']>): string {
  const [start, end] = snippet.best ?? [0, 0]
  return snippet.text.slice(start, end).replace(/\s+/g, ' ').trim()
}
