/** Sentences for what the engine says in codes: reasons, errors, languages. Never a stack. */
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Reason, ReasonCode } from '../../shared/document.ts'
import { asAppError } from '../client.ts'
import type en from './en.ts'

export type ReasonGroup = keyof typeof en.groups

/** What a person can do about it decides the group, not what went wrong inside. */
export const groupOf: Record<ReasonCode, ReasonGroup> = {
  encrypted: 'password',
  damaged: 'damaged',
  'no-text': 'ocr',
  'partly-no-text': 'partial',
  garbled: 'ocr',
  empty: 'empty',
  'too-large': 'tooBig',
  unsupported: 'unsupported',
  misnamed: 'damaged',
  unreadable: 'access',
  vanished: 'away',
  'online-only': 'away',
  timeout: 'tooBig',
  'out-of-memory': 'tooBig',
  crashed: 'broken',
  'model-failed': 'broken',
  cancelled: 'cancelled',
}

export function useWords() {
  const { t } = useTranslation()
  return useMemo(
    () => ({
      reason: ({ code, data }: Reason): string => {
        const facts = { pages: '?', pagesWithoutText: '?', ...data }
        return t(`reasons.${code}`, facts)
      },
      error: (error: unknown): string => t(`errors.${asAppError(error).code}`),
      note: (code: string): string | null =>
        code === 'query-cut' ||
        code === 'semantic-unavailable' ||
        code === 'rerank-unavailable' ||
        code === 'index-incomplete'
          ? t(`notes.${code}`)
          : null,
      languages: (codes: string[]): string =>
        codes
          .map((code) =>
            code.startsWith('zh')
              ? t('settings.languagesNames.zh')
              : code.startsWith('en')
                ? t('settings.languagesNames.en')
                : code,
          )
          .join(t('units.listJoin')),
    }),
    [t],
  )
}
