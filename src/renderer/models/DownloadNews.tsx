/** Says that a download has come or failed, wherever the person is in the window. Draws nothing. */
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { fromErrorShape } from '../../shared/errors.ts'
import type { CatalogEntry } from '../../shared/models.ts'
import { useAct } from '../hooks/useAct.ts'
import { useCatalog, useModelsNow } from '../hooks/useModels.ts'
import { useWords } from '../i18n/useWords.ts'
import { notify, notifyError } from '../parts/notify.tsx'

const isUnderWay = ({ download }: CatalogEntry): boolean =>
  download?.state === 'running' || download?.state === 'checking'

export function DownloadNews() {
  const { t } = useTranslation()
  const words = useWords()
  const { entries } = useCatalog()
  const act = useAct()
  const modelsNow = useModelsNow()
  const underWay = useRef(new Set<string>())

  useEffect(() => {
    for (const entry of entries) {
      const { id, name, download, installed } = entry
      if (isUnderWay(entry)) {
        underWay.current.add(id)
        continue
      }
      if (!underWay.current.has(id)) continue
      underWay.current.delete(id)
      if (download?.error) notifyError(words.error(fromErrorShape(download.error)))
      if (!installed) continue
      // Listed while its self-test was running, it looked ready.
      void act(async () => {
        const model = (await modelsNow()).find((one) => one.id === id)
        if (model?.state === 'ready') notify(t('manager.ready', { name }), { closeAfterMs: 8000 })
        else if (model) notifyError(t('manager.arrivedRefused', { name }))
      })
    }
  }, [entries, modelsNow, act, t, words])

  return null
}
