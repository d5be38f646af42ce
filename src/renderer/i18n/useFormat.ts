/** Numbers, dates, sizes and durations as the chosen language writes them. */
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'

export function useFormat() {
  const { t, i18n } = useTranslation()
  const language = i18n.language
  return useMemo(() => {
    const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 })
    const figure = new Intl.NumberFormat(language, { minimumFractionDigits: 4, maximumFractionDigits: 4 })
    const day = new Intl.DateTimeFormat(language, { year: 'numeric', month: '2-digit', day: '2-digit' })
    const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
    return {
      number: (value: number) => whole.format(value),
      rate: (value: number) =>
        new Intl.NumberFormat(language, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value),
      figure: (value: number) => figure.format(value),
      /** Likeness of two vectors: all the digits that tell it from 1, which is said only of the same bits. */
      likeness: (cosine: number) =>
        new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 7 }).format(
          cosine < 1 ? Math.min(cosine, 0.9999999) : 1,
        ),
      percent: (share: number, digits = 0) =>
        new Intl.NumberFormat(language, {
          style: 'percent',
          minimumFractionDigits: digits,
          maximumFractionDigits: digits,
        }).format(share),
      /** Sentences one after the other; Chinese leaves no gap. */
      sentences: (list: string[]) => list.filter((one) => one !== '').join(language === 'en' ? ' ' : ''),
      /** ISO dates stay ISO: shorter, and the same in both languages. */
      date: (iso: string) => iso.slice(0, 10) || '',
      day: (date: Date) => day.format(date),
      moment: (date: Date) => moment.format(date),
      size: (bytes: number) => {
        const units = ['B', 'kB', 'MB', 'GB', 'TB']
        let value = bytes
        let unit = 0
        while (value >= 1000 && unit < units.length - 1) {
          value /= 1000
          unit++
        }
        const digits = unit === 0 || value >= 100 ? 0 : 1
        return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)} ${units[unit]}`
      },
      duration: (seconds: number) => {
        if (seconds < 2) return t('units.moment')
        if (seconds < 90) return t('units.seconds', { seconds: Math.round(seconds) })
        const minutes = Math.round(seconds / 60)
        if (minutes < 60) return t('units.minutes', { minutes })
        const hours = Math.floor(minutes / 60)
        const rest = minutes % 60
        return rest === 0 || hours >= 24
          ? t('units.hours', { hours: whole.format(hours) })
          : t('units.hoursMinutes', { hours, minutes: rest })
      },
    }
  }, [language, t])
}

export type Format = ReturnType<typeof useFormat>
