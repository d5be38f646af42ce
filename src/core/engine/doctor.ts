/** A look at the library's health: what is whole, what is missing, and what that means, in sentences. */
import type { DoctorReport } from '../../shared/status.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import type { Live } from './live.ts'
import type { Models } from './models.ts'

const lowDiskBytes = 500_000_000

export async function examine({
  library,
  models,
  live,
  devicesSettled,
}: {
  library: Remote<LibraryJobs>
  models: Models
  live: Live
  devicesSettled(): Promise<void>
}): Promise<DoctorReport> {
  const checks: DoctorReport['checks'] = []
  const add = (name: string, fault: string | null, detail: string) =>
    checks.push({ name, ok: fault === null, detail: fault ?? detail })

  const { library: fault, derived } = await library.check(undefined)
  add('library', fault, 'library.db is sound')
  if (!derived) add('index', 'the live index has no files yet', '')
  else {
    add('keyword index', derived.index, `${derived.texts} texts, ${derived.chunks} chunks, sound`)
    add('vectors', derived.vectors, `${derived.vectorRows} vectors, sound`)
    add(
      'one vector a chunk',
      derived.wantedChunks === derived.wantedVectors
        ? null
        : `${derived.wantedChunks} chunks but ${derived.wantedVectors} vectors`,
      `${derived.wantedVectors} of ${derived.wantedChunks}`,
    )
    add(
      'vectors of these chunks',
      derived.astray === 0 ? null : `the vectors of ${derived.astray} texts are not those of their chunks`,
      `${derived.texts} of ${derived.texts} texts`,
    )
    add(
      'coverage',
      derived.missing === 0
        ? null
        : `${derived.missing} of ${derived.wanted} texts are not in the live index yet`,
      `all ${derived.wanted} texts are in the live index`,
    )
  }

  const counts = await library.counts(undefined)
  add(
    'truncation',
    counts.truncated === 0 ? null : `${counts.truncated} chunks are longer than the model reads`,
    'no chunk is longer than the model reads',
  )
  add(
    'documents',
    null,
    `${counts.indexed} indexed, ${counts.partial} partly read, ${counts.failed} failed, ${counts.waiting} waiting`,
  )
  add('model', live.problem(), `${live.modelId()} answers from the space its index was made in`)
  await devicesSettled()
  const { device } = await library.settings(undefined)
  for (const { modelId, provider, fallback } of live.running()) {
    const told = fallback && `${fallback.reason}${fallback.detail === null ? '' : `: ${fallback.detail}`}`
    add(
      `device of ${modelId}`,
      // Automatic asks for no device by name.
      told && device !== 'auto' ? `${device} was asked for, ${provider} runs it (${told})` : null,
      `${provider} runs it${told ? ` (${told})` : ''}`,
    )
  }
  for (const model of await models.list()) {
    if (model.problem !== null) add(`model ${model.id}`, model.problem, '')
  }
  add(
    'disk',
    counts.freeBytes < lowDiskBytes ? `only ${Math.round(counts.freeBytes / 1e6)} MB are free` : null,
    `${Math.round(counts.freeBytes / 1e9)} GB free`,
  )
  return { ok: checks.every((check) => check.ok), checks }
}
