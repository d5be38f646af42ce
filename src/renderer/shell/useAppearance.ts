/** Theme and language as the settings say, applied to the page and, in the desktop app, to its frame. */
import { useMantineColorScheme } from '@mantine/core'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useSettings } from '../hooks/useSettings.ts'
import { applyLanguage } from '../i18n/i18n.ts'

export function useAppearance(): void {
  const settings = useSettings()
  const { setColorScheme } = useMantineColorScheme()
  const { i18n } = useTranslation()
  const theme = settings?.theme
  const language = settings?.language

  useEffect(() => {
    if (!theme) return
    setColorScheme(theme === 'system' ? 'auto' : theme)
    void window.manifold?.setTheme(theme)
  }, [theme, setColorScheme])

  useEffect(() => {
    if (language) void applyLanguage(i18n, language)
  }, [language, i18n])
}
