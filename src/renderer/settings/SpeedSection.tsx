import { Select } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useAct } from '../hooks/useAct.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Row, Section, type SectionProps } from './Section.tsx'

const budgets = [200, 400, 800, 1500, 3000, 6000]

export function SpeedSection({ settings }: SectionProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const update = useUpdateSettings()
  const cores = Math.max(1, navigator.hardwareConcurrency || 1, settings.threads)
  const threads = [0, ...Array.from({ length: cores }, (_, index) => index + 1)]
  const budgetChoices = [...new Set([...budgets, settings.rerankBudgetMs])].sort((a, b) => a - b)
  return (
    <Section name="speed" title={t('settings.speed')}>
      <Row label={t('settings.threads')} hint={t('settings.threadsHint')}>
        <Select
          w={170}
          aria-label={t('settings.threads')}
          data={threads.map((count) => ({
            value: String(count),
            label: count === 0 ? t('settings.threadsAuto') : t('settings.threadsValue', { count }),
          }))}
          value={String(settings.threads)}
          onChange={(value) => void act(() => update({ threads: Number(value) }))}
        />
      </Row>
      <Row label={t('settings.rerankBudget')} hint={t('settings.rerankBudgetHint')}>
        <Select
          w={170}
          aria-label={t('settings.rerankBudget')}
          data={budgetChoices.map((ms) => ({
            value: String(ms),
            label: t('settings.rerankBudgetValue', { ms: format.number(ms) }),
          }))}
          value={String(settings.rerankBudgetMs)}
          onChange={(value) => void act(() => update({ rerankBudgetMs: Number(value) }))}
        />
      </Row>
    </Section>
  )
}
