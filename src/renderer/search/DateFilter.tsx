import { Button, Group, Popover } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SearchFilters } from '../../shared/search.ts'
import { Icon } from '../parts/Icon.tsx'
import classes from './FilterBar.module.css'

interface DateFilterProps {
  filters: SearchFilters
  onChange(filters: SearchFilters): void
}

const spans = [
  { days: 7, name: 'lastWeek' },
  { days: 30, name: 'lastMonth' },
  { days: 365, name: 'lastYear' },
] as const

export function DateFilter({ filters, onChange }: DateFilterProps) {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  const { after, before, ...rest } = filters
  const set = (dates: { after?: string | undefined; before?: string | undefined }) =>
    onChange({
      ...rest,
      ...(dates.after ? { after: dates.after } : {}),
      ...(dates.before ? { before: dates.before } : {}),
    })
  const label = after || before ? `${after ?? '…'} – ${before ?? '…'}` : t('filters.date')
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" trapFocus>
      <Popover.Target>
        <button
          type="button"
          className={classes.filter}
          data-set={after || before ? true : undefined}
          onClick={() => setOpen(!isOpen)}
          data-testid="filter-date"
        >
          <Icon name="calendar" size={14} />
          <span>{label}</span>
          <Icon name="down" size={12} />
        </button>
      </Popover.Target>
      <Popover.Dropdown p="sm">
        <Group gap={4}>
          {spans.map(({ days, name }) => (
            <Button
              key={days}
              variant="default"
              size="compact-xs"
              onClick={() => set({ after: daysAgo(days) })}
            >
              {t(`filters.${name}`)}
            </Button>
          ))}
        </Group>
        <div className={classes.date}>
          <label htmlFor="filter-after">{t('filters.after')}</label>
          <input
            id="filter-after"
            type="date"
            value={after ?? ''}
            onChange={(event) => set({ after: event.currentTarget.value, before })}
          />
          <label htmlFor="filter-before">{t('filters.before')}</label>
          <input
            id="filter-before"
            type="date"
            value={before ?? ''}
            onChange={(event) => set({ after, before: event.currentTarget.value })}
          />
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}

function daysAgo(days: number): string {
  const date = new Date()
  date.setDate(date.getDate() - days)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
