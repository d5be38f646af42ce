/** The window once it has a session: who is told what, and which view stands where. */
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useReducer } from 'react'
import { useTranslation } from 'react-i18next'
import { AddProvider } from './add/useAdd.tsx'
import { useEngineEvents } from './hooks/useEngineEvents.ts'
import { notify } from './parts/notify.tsx'
import { SearchProvider } from './search/SearchProvider.tsx'
import { Frame } from './shell/Frame.tsx'
import { LostSession } from './shell/LostSession.tsx'
import { useAppearance } from './shell/useAppearance.ts'
import { WindowProvider } from './shell/useWindow.tsx'

export function App() {
  const [indexRound, nextIndex] = useReducer((count: number) => count + 1, 0)
  const cache = useQueryClient()
  const { t } = useTranslation()
  const connection = useEngineEvents(
    useCallback(() => {
      void cache.invalidateQueries()
      nextIndex()
      notify(t('reindexing.switched'))
    }, [cache, t]),
  )
  useAppearance()
  if (connection === 'lost') return <LostSession />
  return (
    <WindowProvider>
      <AddProvider>
        <SearchProvider indexRound={indexRound}>
          <Frame connection={connection} />
        </SearchProvider>
      </AddProvider>
    </WindowProvider>
  )
}
