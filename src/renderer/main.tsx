/** Starts the window: language, session, then the app or the page that says there is no session. */
import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import '@mantine/spotlight/styles.css'
import './theme/theme.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { I18nextProvider } from 'react-i18next'
import { App } from './App.tsx'
import { asAppError, createClient } from './client.ts'
import { createEngine, EngineContext } from './hooks/engine.ts'
import { startI18n } from './i18n/i18n.ts'
import { ErrorBoundary } from './parts/ErrorBoundary.tsx'
import { LostSession } from './shell/LostSession.tsx'
import { startSession } from './session.ts'
import { theme } from './theme/theme.ts'

const i18n = await startI18n()
const session = await startSession()

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Loopback: it works at once or the engine is gone, and its events say when it is back.
      networkMode: 'always',
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && asAppError(error).code === 'unavailable',
      staleTime: 5000,
    },
    mutations: { networkMode: 'always' },
  },
})

const engine = session === 'none' ? null : createEngine(createClient(window.location.origin, session.token))

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <I18nextProvider i18n={i18n}>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <Notifications position="bottom-center" limit={4} zIndex={300} />
        <ErrorBoundary>
          {engine ? (
            <QueryClientProvider client={queryClient}>
              <EngineContext value={engine}>
                <App />
              </EngineContext>
            </QueryClientProvider>
          ) : (
            <LostSession />
          )}
        </ErrorBoundary>
      </MantineProvider>
    </I18nextProvider>
  </StrictMode>,
)
