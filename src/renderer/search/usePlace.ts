import { useTranslation } from 'react-i18next'
import type { Hit } from '../../shared/search.ts'

/** "p. xii (14)", "p. 214", "line 8", or null where the hit is the whole file. */
export function usePlace({ chunk, document }: Hit): string | null {
  const { t } = useTranslation()
  if (chunk.page !== null) {
    return chunk.pageLabel && chunk.pageLabel !== String(chunk.page)
      ? t('hit.pageLabelled', { label: chunk.pageLabel, page: chunk.page })
      : t('hit.page', { page: chunk.page })
  }
  return document.kind === 'text' && chunk.lineStart !== null
    ? t('hit.line', { line: chunk.lineStart })
    : null
}
