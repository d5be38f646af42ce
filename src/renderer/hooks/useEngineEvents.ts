/**
 * Follows the engine: its status goes into the cache, its changes make stale what they concern. A stream that breaks
 * is taken up again by itself; a session that is gone is said so, because no waiting brings it back.
 */
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { EngineEvent } from '../../shared/status.ts'
import { asAppError } from '../client.ts'
import { useEngine, type Engine } from './engine.ts'

export type Connection = 'starting' | 'open' | 'gone' | 'lost'

const longestWaitMs = 5000

export function useEngineEvents(onSwitched: () => void): Connection {
  const engine = useEngine()
  const cache = useQueryClient()
  const [connection, setConnection] = useState<Connection>('starting')
  const switched = useRef(onSwitched)
  switched.current = onSwitched

  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    void follow()
    return () => controller.abort()

    async function follow(): Promise<void> {
      let waitMs = 300
      while (!signal.aborted) {
        try {
          for await (const event of await engine.calls.system.events({}, { signal })) {
            if (signal.aborted) return
            if (event.type === 'status') {
              waitMs = 300
              setConnection((before) => {
                // What changed while nobody listened is unknown, so everything is asked again.
                if (before === 'gone') void cache.invalidateQueries()
                return 'open'
              })
            }
            take(event, engine, cache, switched.current)
          }
        } catch (error) {
          if (signal.aborted) return
          if (asAppError(error).code === 'unauthorized') return setConnection('lost')
        }
        if (signal.aborted) return
        setConnection('gone')
        await new Promise((resolve) => setTimeout(resolve, waitMs))
        waitMs = Math.min(waitMs * 2, longestWaitMs)
      }
    }
  }, [engine, cache])

  return connection
}

function take(event: EngineEvent, { queries }: Engine, cache: QueryClient, onSwitched: () => void): void {
  switch (event.type) {
    case 'status':
      cache.setQueryData(queries.system.status.queryKey({ input: {} }), event.status)
      break
    case 'documents-changed':
      void cache.invalidateQueries({ queryKey: queries.documents.list.key() })
      void cache.invalidateQueries({ queryKey: queries.documents.folders.key() })
      void cache.invalidateQueries({ queryKey: queries.documents.tags.key() })
      void cache.invalidateQueries({ queryKey: queries.sources.key() })
      break
    case 'settings-changed':
      void cache.invalidateQueries({ queryKey: queries.settings.key() })
      void cache.invalidateQueries({ queryKey: queries.models.key() })
      break
    case 'downloads-changed':
      void cache.invalidateQueries({ queryKey: queries.models.list.key() })
      void cache.invalidateQueries({ queryKey: queries.models.catalog.key() })
      break
    case 'index-switched':
      void cache.invalidateQueries({ queryKey: queries.documents.key() })
      onSwitched()
      break
  }
}
