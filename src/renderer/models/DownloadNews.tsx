/** Says that a download has come or failed, wherever the person is in the window. Draws nothing. */
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { fromErrorShape } from '../../shared/errors.ts'
import type { CatalogEntry } from '../../shared/models.ts'
import { useCatalog, useModels } from '../hooks/useModels.ts'
import { useWords } from '../i18n/useWords.ts'
import { notify, notifyError } from '../parts/notify.tsx'

const isUnderWay = ({ download }: CatalogEntry): boolean =>
  download?.state === 'running' || download?.state === 'checking'

export function DownloadNews() {
  const { t } = useTranslation()
  const words = useWords()
  const { entries } = useCatalog()
  const models = useModels()
  const underWay = useRef(new Set<string>())

  useEffect(() => {
    for (const entry of entries) {
      const { id, name, download, installed } = entry
      if (isUnderWay(entry)) {
        underWay.current.add(id)
        continue
      }
      if (!underWay.current.has(id)) continue
      const model = models?.find((one) => one.id === id)
      // The list of models may come a moment later than the catalogue.
      if (installed && !model) continue
      underWay.current.delete(id)
      if (model?.state === 'ready') notify(t('manager.ready', { name }), { closeAfterMs: 8000 })
      else if (model) notifyError(t('manager.arrivedRefused', { name }))
      else if (download?.error) notifyError(words.error(fromErrorShape(download.error)))
    }
  }, [entries, models, t, words])

  return null
}
