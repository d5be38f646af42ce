/**
 * `manifold.json` in a model's folder: what the catalogue or a person said of it (overrides.ts reads that part), where it
 * came from, and the sha256 of each of its files, pinned from then on.
 */
import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ModelWarning } from '../../shared/models.ts'

export const Origin = z.object({
  kind: z.enum(['download', 'import']),
  /** null for an import. */
  repository: z.string().max(400).nullable(),
  /** The commit. */
  revision: z.string().max(100).nullable(),
  /** Host it came from. */
  source: z.string().max(400).nullable(),
  at: z.string().max(40),
  files: z
    .array(z.object({ path: z.string().max(400), sizeBytes: z.number(), sha256: z.string().length(64) }))
    .max(1000),
  warnings: z.array(ModelWarning),
})
export type Origin = z.infer<typeof Origin>

/** null where the folder has none, or one that is not ours. */
export async function readOrigin(folder: string): Promise<Origin | null> {
  const parsed = Origin.safeParse((await readManifold(folder)).origin)
  return parsed.success ? parsed.data : null
}

/** Everything in the file; {} where there is none. The reader of each part checks it. */
export async function readManifold(folder: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, 'manifold.json'), 'utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    // None, or damaged: loading the model says so.
    return {}
  }
}

/** All or nothing. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  const fresh = `${path}.${randomUUID()}`
  try {
    const file = await open(fresh, 'wx', 0o600)
    try {
      await file.writeFile(`${JSON.stringify(value, null, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}

export const writeManifold = (folder: string, value: Record<string, unknown>): Promise<void> =>
  writeJsonFile(join(folder, 'manifold.json'), value)
