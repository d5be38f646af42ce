import { Checkbox, Popover, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../i18n/useFormat.ts'
import { Icon, type IconName } from '../parts/Icon.tsx'
import classes from './FilterBar.module.css'

interface ChoiceFilterProps {
  name: string
  icon: IconName
  testId: string
  choices: { value: string; label: string; count?: number }[]
  chosen: string[]
  onChange(chosen: string[]): void
}

const searchableFrom = 9
const shownChoices = 200

export function ChoiceFilter({ name, icon, testId, choices, chosen, onChange }: ChoiceFilterProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const [isOpen, setOpen] = useState(false)
  const [text, setText] = useState('')
  const wanted = text.toLowerCase()
  const shown = choices.filter((choice) => choice.label.toLowerCase().includes(wanted)).slice(0, shownChoices)
  const names = chosen.map((value) => choices.find((choice) => choice.value === value)?.label ?? value)
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" width={280} trapFocus>
      <Popover.Target>
        <button
          type="button"
          className={classes.filter}
          data-set={chosen.length > 0 || undefined}
          onClick={() => setOpen(!isOpen)}
          data-testid={testId}
        >
          <Icon name={icon} size={14} />
          <span>{names.length > 0 ? names.join(t('units.listJoin')) : name}</span>
          <Icon name="down" size={12} />
        </button>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        {choices.length >= searchableFrom && (
          <TextInput
            placeholder={t('filters.find')}
            aria-label={t('filters.find')}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        {choices.length === 0 && <p className={classes.none}>{t('filters.none')}</p>}
        <div className={classes.choices}>
          {shown.map(({ value, label, count }) => (
            <label key={value} className={classes.choice}>
              <Checkbox
                checked={chosen.includes(value)}
                onChange={(event) =>
                  onChange(
                    event.currentTarget.checked
                      ? [...chosen, value]
                      : chosen.filter((other) => other !== value),
                  )
                }
              />
              <span className={classes.choiceName} title={label}>
                {label}
              </span>
              {count !== undefined && <span className={classes.count}>{format.number(count)}</span>}
            </label>
          ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}
