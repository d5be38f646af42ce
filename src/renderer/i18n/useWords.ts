/** Sentences for what the engine says in codes: reasons, errors, languages. Never a stack. */
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Reason, ReasonCode } from '../../shared/document.ts'
import { devices } from '../../shared/settings.ts'
import { asAppError } from '../client.ts'
import en from './en.ts'

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

const modelTypes: Record<string, keyof typeof en.settings.types> = {
  'static embedding': 'static',
  'late interaction': 'late',
  'cross-encoder': 'cross',
  encoder: 'encoder',
}

const checkNames: Record<string, keyof typeof en.settings.checks> = {
  library: 'library',
  index: 'index',
  'keyword index': 'keyword',
  vectors: 'vectors',
  'one vector a chunk': 'matching',
  coverage: 'coverage',
  truncation: 'truncation',
  documents: 'documents',
  model: 'model',
  disk: 'disk',
}

type Problem = keyof typeof en.problems
const isProblem = (code: unknown): code is Problem => typeof code === 'string' && code in en.problems

export function useWords() {
  const { t } = useTranslation()
  return useMemo(
    () => ({
      reason: ({ code, data }: Reason): string => {
        const facts = { pages: '?', pagesWithoutText: '?', ...data }
        return t(`reasons.${code}`, facts)
      },
      /** What was wrong with a model or a download says more than the error's kind. */
      error: (error: unknown): string => {
        const { code, data } = asAppError(error)
        return isProblem(data.problem)
          ? t(`problems.${data.problem}`, { host: '?', file: '?', ...data })
          : t(`errors.${code}`)
      },
      /** Why a model is refused: ModelInfo.problemCode, and its English sentence for what is not known here. */
      problem: (code: string | null, sentence: string, data: Record<string, string | number> = {}): string =>
        isProblem(code) ? t(`problems.${code}`, { host: '?', file: '?', ...data }) : sentence,
      note: (code: string): string | null =>
        code === 'query-cut' ||
        code === 'semantic-unavailable' ||
        code === 'rerank-unavailable' ||
        code === 'index-incomplete'
          ? t(`notes.${code}`)
          : null,
      /** What the engine calls a kind of model or a check, in the person's words; what is not known stays as it is. */
      modelType: (type: string): string => {
        const known = modelTypes[type]
        return known ? t(`settings.types.${known}`) : type
      },
      check: (name: string): string => {
        const known = checkNames[name]
        return known ? t(`settings.checks.${known}`) : name
      },
      provider: (provider: string): string => {
        const known = devices.find((device) => provider.toLowerCase().includes(device))
        return known ? t(`settings.devices.${known}`) : provider
      },
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
