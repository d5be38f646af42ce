/**
 * The catalogue: models that can be downloaded, as resources/models/catalog.json lists them, and for each field how we
 * know it. What nobody tried here is offered with that warning, and the self-test decides.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import { Knowledge, poolingModes, type modelWarnings } from '../../shared/models.ts'
import { ModelOverrides } from './overrides.ts'

/** What a person relies on; each has a word on how it is known. */
export const knownFields = [
  'repository',
  'files',
  'pooling',
  'prompts',
  'dimensions',
  'maxTokens',
  'licence',
  'languages',
  'parameters',
  'sizeBytes',
] as const

const File = z.string().regex(/^[\w][\w.+-]*(\/[\w][\w.+-]*)*$/)

export const DownloadableModel = z.strictObject({
  id: z.string().regex(/^[a-z0-9][\w.-]{0,199}$/i),
  name: z.string().min(1).max(100),
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  task: z.enum(['embedding', 'reranker']),
  type: z.string().min(1).max(100),
  dimensions: z.number().int().positive().nullable(),
  maxTokens: z.number().int().min(8),
  /** As in BCP 47; 'mul' for many. */
  languages: z.array(z.string().max(20)).min(1),
  licence: z.string().min(1).max(100),
  nonCommercial: z.boolean(),
  slow: z.boolean(),
  parameters: z.number().int().positive(),
  pooling: z.array(z.enum(poolingModes)),
  prompts: z.strictObject({ query: z.string(), document: z.string() }),
  sizeBytes: z.number().int().positive(),
  /** The first that the repository has is taken. */
  graphs: z.array(File).min(1),
  /** Weights beside the graph under other names than `<graph>_data`. */
  data: z.array(File).default([]),
  /** Needed besides the graph. */
  files: z.array(File).min(1),
  /** Taken where the repository has them. */
  optional: z.array(File).default([]),
  /** More that loading must be told; see overrides.ts. */
  load: ModelOverrides.prefault({}),
  known: z.strictObject(
    Object.fromEntries(knownFields.map((field) => [field, Knowledge])) as Record<
      (typeof knownFields)[number],
      typeof Knowledge
    >,
  ),
  note: z.string().optional(),
})
export type DownloadableModel = z.infer<typeof DownloadableModel>

export const DownloadCatalog = z.strictObject({
  about: z.string(),
  models: z
    .array(DownloadableModel)
    .refine((models) => new Set(models.map(({ id }) => id)).size === models.length, {
      message: 'Two models have one id.',
    }),
})

/** `modelsDir`: the built-in models' folder. Throws 'internal' when the file that ships with the program is not right. */
export async function readDownloadCatalog(modelsDir: string): Promise<DownloadableModel[]> {
  const parsed = DownloadCatalog.safeParse(
    JSON.parse(await readFile(join(modelsDir, 'catalog.json'), 'utf8')),
  )
  if (!parsed.success) {
    throw new AppError('internal', `catalog.json is not right: ${z.prettifyError(parsed.error)}`)
  }
  return parsed.data.models
}

export function warningsOf(model: DownloadableModel): (typeof modelWarnings)[number][] {
  return [
    ...(Object.values(model.known).some((known) => known !== 'verified') ? (['unverified'] as const) : []),
    ...(model.nonCommercial ? (['non-commercial'] as const) : []),
    ...(model.slow ? (['slow'] as const) : []),
    ...(readsChinese(model.languages) ? [] : (['english-only'] as const)),
  ]
}

/** True also where nothing is said. */
export const readsChinese = (languages: readonly string[]): boolean =>
  languages.length === 0 || languages.some((language) => /^(zh|mul|multilingual|yue)/i.test(language))
