/**
 * The space a vector lives in: everything that shapes its numbers, and one signature over it [MO1]. Vectors of two
 * spaces are never compared; a refusal names the fields that differ. Folder, name and file names are not part of it.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../../shared/errors.ts'
import type { Model } from './load.ts'

export interface SpaceFields {
  /** sha256 of every weight file, in the order graph, data beside it, shared data, dense layers. */
  weights: string[]
  /** sha256 of tokenizer.json, and of tokenizer_config.json where there is one. */
  tokenizer: string[]
  pooling: string[]
  dense: string[]
  normalisation: 'l2'
  prompts: { query: string; document: string }
  dimensions: number
  maxTokens: number
  precision: string
  similarity: string
  /** Only where they are not the usual ones, so that the spaces of all other models keep their signatures. */
  tasks?: { query: number; document: number }
  promptPooled?: false
  paddingSide?: 'left' | 'right'
}

/** sha256 of files, remembered by path, size and time of change. */
export interface FileHashes {
  of(path: string): Promise<string>
}

export function createFileHashes(): FileHashes {
  const known = new Map<string, Promise<string>>()
  return {
    async of(path) {
      const { size, mtimeMs, ino } = await stat(path)
      const key = `${path}\n${size}\n${mtimeMs}\n${ino}`
      let hash = known.get(key)
      if (!hash) {
        hash = sha256OfFile(path)
        known.set(key, hash)
        hash.catch(() => known.delete(key))
      }
      return hash
    },
  }
}

export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal })
  return hash.digest('hex')
}

/** Throws 'model-invalid' when the folder does not say how many dimensions its vectors have. */
export async function spaceOf(
  model: Model,
  hashes: FileHashes,
): Promise<{ space: string; fields: SpaceFields }> {
  if (model.dimensions === null) {
    throw new AppError('model-invalid', 'the model does not say how many dimensions its vectors have', {
      data: { model: model.id, problem: 'dimensions' },
    })
  }
  const tokenizerFiles = [model.tokenizerFile, model.tokenizerConfigFile].filter((file) => file !== null)
  const fields: SpaceFields = {
    weights: await Promise.all(model.weightFiles.map((file) => hashes.of(file))),
    tokenizer: await Promise.all(tokenizerFiles.map((file) => hashes.of(file))),
    pooling: model.pooling,
    dense: model.dense.map(({ inputs, outputs, activation }) => `${inputs}x${outputs} ${activation}`),
    normalisation: 'l2',
    prompts: model.prompts,
    dimensions: model.dimensions,
    maxTokens: model.maxTokens,
    precision: model.precision,
    similarity: model.similarity,
    ...(model.tasks === null ? {} : { tasks: model.tasks }),
    ...(model.includePrompt ? {} : { promptPooled: false as const }),
    ...(model.paddingSide === null ? {} : { paddingSide: model.paddingSide }),
  }
  return { space: signatureOf(fields), fields }
}

export const signatureOf = (fields: SpaceFields): string =>
  createHash('sha256').update(canonical(fields)).digest('hex')

/** Names of the fields that differ; empty for one and the same space. Fields one side does not know differ. */
export function compareSpaces(a: SpaceFields, b: SpaceFields): (keyof SpaceFields)[] {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])] as (keyof SpaceFields)[]
  return keys.filter((key) => canonical(a[key]) !== canonical(b[key])).sort()
}

/** Throws 'space-mismatch' with the differing fields in `data.fields`. */
export function assertSameSpace(a: SpaceFields, b: SpaceFields): void {
  const fields = compareSpaces(a, b)
  if (fields.length === 0) return
  throw new AppError('space-mismatch', `these vectors were made differently: ${fields.join(', ')}`, {
    data: { fields: fields.join(', ') },
  })
}

/** JSON with sorted keys, so that equal values have equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}
