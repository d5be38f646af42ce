/** The client, handed down; hooks take it from here and nothing else knows it. */
import { createTanstackQueryUtils, type RouterUtils } from '@orpc/tanstack-query'
import { createContext, use } from 'react'
import type { Client, EngineCalls } from '../client.ts'

export interface Engine {
  calls: EngineCalls
  upload: Client['upload']
  uploadModel: Client['uploadModel']
  /** Query keys and options of every call. */
  queries: RouterUtils<EngineCalls>
}

export const EngineContext = createContext<Engine | null>(null)

export function createEngine({ calls, upload, uploadModel }: Client): Engine {
  return { calls, upload, uploadModel, queries: createTanstackQueryUtils(calls) }
}

export function useEngine(): Engine {
  const engine = use(EngineContext)
  if (!engine) throw new Error('no engine above this component')
  return engine
}
