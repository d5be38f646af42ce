/** Starts i18next with both languages in the bundle. 'system' is what the browser or desktop asks for. */
import i18next, { type i18n } from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { Settings } from '../../shared/settings.ts'
import en from './en.ts'
import zh from './zh-CN.ts'

export type Language = 'en' | 'zh-CN'

/** Remembered so that the first paint of the next start is in the right language. */
const storageKey = 'manifold.language'

export function resolveLanguage(setting: Settings['language'] | null): Language {
  if (setting === 'en' || setting === 'zh-CN') return setting
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

export async function startI18n(): Promise<i18n> {
  const instance = i18next.createInstance()
  await instance.use(initReactI18next).init({
    resources: { en: { translation: en }, 'zh-CN': { translation: zh } },
    lng: resolveLanguage(localStorage.getItem(storageKey) as Settings['language'] | null),
    fallbackLng: 'en',
    interpolation: { escapeValue: false },
    returnNull: false,
  })
  document.documentElement.lang = instance.language
  return instance
}

export async function applyLanguage(instance: i18n, setting: Settings['language']): Promise<void> {
  localStorage.setItem(storageKey, setting)
  const language = resolveLanguage(setting)
  if (instance.language !== language) await instance.changeLanguage(language)
  document.documentElement.lang = language
}
