/** The window once it has a session: who is told what, and which view stands where. */
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useReducer } from 'react'
import { AddProvider } from './add/useAdd.tsx'
import { useEngineEvents } from './hooks/useEngineEvents.ts'
import { SearchProvider } from './search/SearchProvider.tsx'
import { Frame } from './shell/Frame.tsx'
import { LostSession } from './shell/LostSession.tsx'
import { useAppearance } from './shell/useAppearance.ts'
import { WindowProvider } from './shell/useWindow.tsx'

export function App() {
  const [indexRound, nextIndex] = useReducer((count: number) => count + 1, 0)
  const cache = useQueryClient()
  const connection = useEngineEvents(
    useCallback(() => {
      void cache.invalidateQueries()
      nextIndex()
    }, [cache]),
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
