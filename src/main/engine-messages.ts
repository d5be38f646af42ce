/** What main and its utility processes say to each other, beside the ports they hand over. */
import type { EngineAddress } from '../server/runtime.ts'
import type { ErrorShape } from '../shared/errors.ts'

export type ToEngine = { manifold: 'start'; libraryDir: string } | { manifold: 'stop' }

export type FromEngine =
  { manifold: 'ready'; address: EngineAddress } | { manifold: 'refused'; error: ErrorShape }
