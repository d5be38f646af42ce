/** Measures search on a labelled folder with the models in use; its index is temporary and the library untouched. */
import type { Settings } from '../../shared/settings.ts'
import type { Host } from '../host.ts'
import type { Models } from './models.ts'

export interface EvaluateProgress {
  stage: string
  done: number
  total: number
  report: unknown
}

export async function* evaluateFolder(_options: {
  folder: string
  distractors?: string | undefined
  maxQueries?: number | undefined
  host: Host
  models: Models
  settings(): Promise<Settings>
  signal: AbortSignal
}): AsyncGenerator<EvaluateProgress> {
  throw new Error('not wired yet')
}
