/** `models.test` and `models.override`; and self-tests remembered in the library's settings, for engine and indexer [MO4]. */
import { AppError } from '../../shared/errors.ts'
import type { CanaryReport, SelfTestReport } from '../../shared/status.ts'
import type { SelfTestRecords } from '../models/records.ts'
import { failedBy, neverOverridden, type SelfTest } from '../models/self-test.ts'
import type { SettingsStore } from '../store/library/settings.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import type { Models } from './models.ts'

/** The part of the library that remembers; the engine's thread and the indexer's own connection both have it. */
export interface Notes {
  note(key: string): Promise<string | null>
  setNote(key: string, value: string): Promise<void>
  flag(key: string): Promise<boolean>
}

/** Flag: the person uses the model although a check failed. */
export const overrideKey = (modelId: string): string => `override.${modelId}`

export const recordsIn = ({ note, setNote, flag }: Notes): SelfTestRecords => ({
  async read(modelId, key) {
    const text = await note(`self-test.${modelId}`)
    const stored = text === null ? null : (JSON.parse(text) as Record<string, SelfTest>)
    return stored?.[key] ?? null
  },
  async write(modelId, key, selfTest) {
    const text = await note(`self-test.${modelId}`)
    const stored = text === null ? {} : (JSON.parse(text) as Record<string, SelfTest>)
    delete stored[key]
    // A few: the CPU's and a device's, with other threads. What is older is of files or a runtime that are gone.
    const kept = Object.entries(stored).slice(-(remembered - 1))
    await setNote(`self-test.${modelId}`, JSON.stringify(Object.fromEntries([...kept, [key, selfTest]])))
  },
  overridden: (modelId) => flag(overrideKey(modelId)),
})

const remembered = 4

export const remoteNotes = (library: Remote<LibraryJobs>): Notes => ({
  note: (key) => library.note({ key }),
  setNote: (key, value) => library.setNote({ key, value }),
  flag: (key) => library.flag({ key }),
})

export const localNotes = (settings: SettingsStore): Notes => ({
  note: async (key) => settings.note(key),
  setNote: async (key, value) => settings.setNote(key, value),
  flag: async (key) => settings.flag(key),
})

export function createSelfTests({
  library,
  models,
  canaryOf,
}: {
  library: Remote<LibraryJobs>
  models: Models
  /** What was found for the live model when the engine started. */
  canaryOf(modelId: string): CanaryReport | null
}) {
  async function test({ id }: { id: string }): Promise<SelfTestReport> {
    const settings = await library.settings(undefined)
    let selfTest: SelfTest
    try {
      selfTest = await models.test(id, settings)
    } catch (error) {
      const failed = failedBy(error)
      if (!failed) throw error
      selfTest = {
        checks: [failed],
        batching: 'alone',
        worstCosine: 0,
        usPerToken: 0,
        measuredAt: new Date().toISOString(),
      }
    }
    const { checks, batching, worstCosine, measuredAt } = selfTest
    const failed = checks.filter((check) => !check.ok)
    const overridable = failed.every(({ name }) => !neverOverridden.has(name))
    return {
      modelId: id,
      ok: failed.length === 0,
      overridden: failed.length > 0 && overridable && (await library.flag({ key: overrideKey(id) })),
      overridable,
      checks,
      batching,
      worstCosine,
      canary: canaryOf(id),
      measuredAt,
    }
  }

  return {
    test,
    async override({ id, on }: { id: string; on: boolean }): Promise<{ done: number }> {
      if (on) {
        const { overridable, checks } = await test({ id })
        const fault = checks.find((check) => !check.ok && neverOverridden.has(check.name))
        if (!overridable && fault) {
          throw new AppError('conflict', `${id} cannot be used all the same: ${fault.detail}`, {
            data: { model: id, check: fault.name },
          })
        }
      }
      await library.setFlag({ key: overrideKey(id), on })
      return { done: 1 }
    },
  }
}
