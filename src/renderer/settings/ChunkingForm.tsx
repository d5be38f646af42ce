/** How text is cut. Nothing happens until it is asked for, because it costs a new index. */
import { Button, NumberInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chunkStrategies, type ChunkingSettings } from '../../shared/settings.ts'
import { moveFocus } from '../parts/moveFocus.ts'
import { BuildDialog } from '../switch/BuildDialog.tsx'
import { Row } from './Section.tsx'
import classes from './Settings.module.css'

const hints = {
  fixed: 'settings.fixedHint',
  recursive: 'settings.recursiveHint',
  semantic: 'settings.semanticHint',
} as const

export function ChunkingForm({ chunking }: { chunking: ChunkingSettings }) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState<Partial<ChunkingSettings>>({})
  const [asks, setAsks] = useState(false)
  const wanted = { ...chunking, ...draft }
  const isChanged =
    wanted.strategy !== chunking.strategy ||
    wanted.targetTokens !== chunking.targetTokens ||
    wanted.overlapTokens !== chunking.overlapTokens
  return (
    <>
      <div className={classes.wide}>
        <div className={classes.label}>{t('settings.chunking')}</div>
        <p className={classes.hint}>{t('settings.chunkingHint')}</p>
        <div
          className={classes.group}
          role="radiogroup"
          onKeyDown={moveFocus}
          aria-label={t('settings.strategy')}
          data-testid="chunking-select"
        >
          {chunkStrategies.map((strategy) => (
            <button
              key={strategy}
              type="button"
              role="radio"
              aria-checked={wanted.strategy === strategy}
              className={classes.choice}
              onClick={() => setDraft({ ...draft, strategy })}
              data-testid={`chunking-${strategy}`}
            >
              <span className={classes.dot} aria-hidden="true" />
              <span className={classes.choiceText}>
                <span className={classes.choiceName}>{t(`settings.${strategy}`)}</span>
                <span className={classes.facts}>{t(hints[strategy])}</span>
              </span>
            </button>
          ))}
        </div>
      </div>
      <Row label={t('settings.target')}>
        <NumberInput
          w={130}
          aria-label={t('settings.target')}
          min={32}
          max={2048}
          step={50}
          clampBehavior="blur"
          allowDecimal={false}
          value={wanted.targetTokens}
          onChange={(value) => typeof value === 'number' && setDraft({ ...draft, targetTokens: value })}
          data-testid="target-tokens"
        />
      </Row>
      <Row label={t('settings.overlap')}>
        <NumberInput
          w={130}
          aria-label={t('settings.overlap')}
          min={0}
          max={256}
          step={10}
          clampBehavior="blur"
          allowDecimal={false}
          value={wanted.overlapTokens}
          onChange={(value) => typeof value === 'number' && setDraft({ ...draft, overlapTokens: value })}
          data-testid="overlap-tokens"
        />
      </Row>
      {isChanged && (
        <div className={classes.actions}>
          <Button variant="default" onClick={() => setDraft({})}>
            {t('settings.reset')}
          </Button>
          <Button onClick={() => setAsks(true)} data-testid="chunking-apply">
            {t('settings.apply')}
          </Button>
        </div>
      )}
      {asks && (
        <BuildDialog
          title={t('build.titleChunking')}
          patch={{ chunking: wanted }}
          onClose={() => {
            setAsks(false)
            setDraft({})
          }}
        />
      )}
    </>
  )
}
