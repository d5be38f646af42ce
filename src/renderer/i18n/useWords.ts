/** Sentences for what the engine says in codes: reasons, errors, languages. Never a stack. */
import { useMemo } from 'react'
import type { TFunction } from 'i18next'
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
  'contextual embedding': 'contextual',
  'late interaction': 'late',
  'cross-encoder': 'cross',
  encoder: 'encoder',
  decoder: 'decoder',
  'generative reranker': 'generative',
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

type RecipePart = keyof typeof en.recipeParts
const isRecipePart = (part: string): part is RecipePart => part in en.recipeParts

const shownLanguages = 4

/** A model of many languages says 'mul', or names them one by one. */
function languagesOf(codes: string[], language: string, t: TFunction): string {
  if (codes.some((code) => /^mul/i.test(code))) return t('settings.languagesNames.mul')
  const names = new Intl.DisplayNames([language], { type: 'language' })
  const words = codes.map((code) => {
    if (code.startsWith('zh')) return t('settings.languagesNames.zh')
    if (code.startsWith('en')) return t('settings.languagesNames.en')
    try {
      return names.of(code) ?? code
    } catch {
      // A card may say anything.
      return code
    }
  })
  const few = words.slice(0, shownLanguages).join(t('units.listJoin'))
  const rest = words.length - shownLanguages
  return rest > 0 ? t('settings.languagesMore', { languages: few, count: rest }) : few
}

export function useWords() {
  const { t, i18n } = useTranslation()
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
          ? t(`problems.${data.problem}`, { host: '?', file: '?', model: '?', ...data })
          : t(`errors.${code}`)
      },
      /** Why a model is refused: ModelInfo.problemCode, and its English sentence for what is not known here. */
      problem: (code: string | null, sentence: string, data: Record<string, string | number> = {}): string =>
        isProblem(code) ? t(`problems.${code}`, { host: '?', file: '?', model: '?', ...data }) : sentence,
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
      languages: (codes: string[]): string => languagesOf(codes, i18n.language, t),
      recipePart: (part: string): string => (isRecipePart(part) ? t(`recipeParts.${part}`) : part),
    }),
    [t, i18n.language],
  )
}
