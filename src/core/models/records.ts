/**
 * What a process remembers of self-tests between two openings of a model, so that opening is not slower each time; and
 * which models the person uses although a check failed. Kept in the library's settings; passed in.
 */
import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { canonical } from './space.ts'
import type { SelfTest } from './self-test.ts'

export interface SelfTestRecords {
  /** null: never tested, or tested as something else. */
  read(modelId: string, key: string): Promise<SelfTest | null>
  write(modelId: string, key: string, selfTest: SelfTest): Promise<void>
  overridden(modelId: string): Promise<boolean>
}

/** Bump when a check is added or made stricter. */
const selfTestVersion = 1

/** Everything that could make the same model show something else. */
export const selfTestKey = (facts: {
  /** Signature of the space, or of a reranker's files. */
  signature: string
  provider: string
  runtime: string
  threads: number
}): string =>
  createHash('sha256')
    .update(canonical({ ...facts, version: selfTestVersion, hardware: hardware() }))
    .digest('hex')

export const hardware = (): string => cpus()[0]?.model.trim() ?? 'unknown'

/** For a process without a library: nothing is remembered beyond it. */
export function memoryRecords(): SelfTestRecords {
  const known = new Map<string, SelfTest>()
  return {
    read: async (modelId, key) => known.get(`${modelId} ${key}`) ?? null,
    write: async (modelId, key, selfTest) => void known.set(`${modelId} ${key}`, selfTest),
    overridden: async () => false,
  }
}
