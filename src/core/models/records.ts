/**
 * What a process remembers of self-tests between two openings of a model, so that opening is not slower each time; and
 * which models the person uses although a check failed. Kept in the library's settings; passed in.
 */
import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { canonical } from './space.ts'
import { refuseFailed, type SelfTest } from './self-test.ts'

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

/** Opened, not trusted yet. */
export interface Untrusted {
  key: string
  test(): Promise<SelfTest>
  open: { close(): Promise<void> }
}

/** The remembered self-test, or one made now. Closes the model and throws 'model-invalid' where it fails. */
export async function trust(
  modelId: string,
  { key, test, open }: Untrusted,
  records: SelfTestRecords = memoryRecords(),
): Promise<SelfTest> {
  try {
    const remembered = await records.read(modelId, key)
    const selfTest = remembered ?? (await test())
    if (!remembered) await records.write(modelId, key, selfTest)
    refuseFailed(modelId, selfTest, await records.overridden(modelId))
    return selfTest
  } catch (error) {
    await open.close()
    throw error
  }
}

/** The self-test made afresh, and remembered; the model is closed. */
export async function testAfresh(
  modelId: string,
  { key, test, open }: Untrusted,
  records?: SelfTestRecords,
): Promise<SelfTest> {
  try {
    const selfTest = await test()
    await records?.write(modelId, key, selfTest)
    return selfTest
  } finally {
    await open.close()
  }
}

/** For a process without a library: nothing is remembered beyond it. */
export function memoryRecords(): SelfTestRecords {
  const known = new Map<string, SelfTest>()
  return {
    read: async (modelId, key) => known.get(`${modelId} ${key}`) ?? null,
    write: async (modelId, key, selfTest) => void known.set(`${modelId} ${key}`, selfTest),
    overridden: async () => false,
  }
}
