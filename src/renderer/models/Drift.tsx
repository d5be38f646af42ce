/** Vectors made now are not those of the index: said once at the top, with what changed and what to do [MO3]. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStatus } from '../hooks/useStatus.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { BuildDialog } from '../switch/BuildDialog.tsx'
import classes from './Drift.module.css'

const storageKey = 'manifold.drift-seen'

export function Drift() {
  const { t } = useTranslation()
  const format = useFormat()
  const status = useStatus()
  const [asks, setAsks] = useState(false)
  const [seen, setSeen] = useState(() => localStorage.getItem(storageKey))
  const canary = status?.live.canary
  if (!status || !canary) return null
  // Another cause, or a larger drift, is said anew.
  const key = [status.live.space, canary.worstCosine.toFixed(5), ...canary.changed].join(' ')
  const isBuilding = status.reindex !== null
  if (seen === key || isBuilding) return null
  const later = () => {
    localStorage.setItem(storageKey, key)
    setSeen(key)
  }
  return (
    <div className={classes.banner} role="alert" data-testid="drift">
      <p>
        {format.sentences([
          t('drift.title'),
          canary.changed.length > 0
            ? t('drift.changed', {
                what: canary.changed.map((field) => t(`driftFields.${field}`)).join(t('units.listJoin')),
              })
            : t('drift.unknown'),
          t('drift.effect'),
        ])}
      </p>
      <Button size="compact-sm" onClick={() => setAsks(true)} data-testid="drift-build">
        {t('drift.build')}
      </Button>
      <Button size="compact-sm" variant="default" onClick={later} data-testid="drift-later">
        {t('drift.later')}
      </Button>
      {asks && <BuildDialog title={t('build.titleAgain')} patch={null} onClose={() => setAsks(false)} />}
    </div>
  )
}
