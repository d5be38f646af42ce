/** The person's choices. Everything here has a default, so an empty library is a valid one. */
import { z } from 'zod'
import { isMirrorAddress, modelSources } from './models.ts'

export const chunkStrategies = ['fixed', 'recursive', 'semantic'] as const

export const ChunkingSettings = z.strictObject({
  strategy: z.enum(chunkStrategies).default('recursive'),
  /** Tokens a chunk aims for, and shares with the one before; both are capped by the model's limit [CH1]. */
  targetTokens: z.number().int().min(32).max(2048).default(200),
  overlapTokens: z.number().int().min(0).max(256).default(0),
})
export type ChunkingSettings = z.infer<typeof ChunkingSettings>

export const devices = ['cpu', 'auto', 'webgpu', 'dml', 'coreml', 'cuda'] as const
export const languages = ['system', 'zh-CN', 'en'] as const
/** When a new index is built: answer from it by itself, or let the person compare first. */
export const afterReindex = ['switch', 'compare'] as const
export const themes = ['system', 'light', 'dark'] as const

const MirrorAddress = z
  .string()
  .max(2000)
  .refine((text) => text === '' || isMirrorAddress(text), 'An https address is expected.')

export const Settings = z.strictObject({
  embeddingModel: z.string().min(1).max(200).default('manifold-static-256'),
  /** null: no reranking. */
  rerankerModel: z.string().min(1).max(200).nullable().default('manifold-late-interaction'),
  chunking: ChunkingSettings.prefault({}),
  afterReindex: z.enum(afterReindex).default('switch'),
  device: z.enum(devices).default('cpu'),
  /** Threads for inference; 0 means half the cores, at least one. */
  threads: z.number().int().min(0).max(256).default(0),
  rerankBudgetMs: z.number().int().min(50).max(10_000).default(800),
  language: z.enum(languages).default('system'),
  theme: z.enum(themes).default('system'),
  searchHistory: z.boolean().default(true),
  /** Whom `models.download` asks, and nobody else. */
  modelSource: z.enum(modelSources).default('huggingface'),
  /** The address of the custom source; '' for none. */
  modelMirror: MirrorAddress.default(''),
})
export type Settings = z.infer<typeof Settings>

/** What `settings.update` accepts: any of the fields; unknown ones are refused. */
export const SettingsPatch = z
  .strictObject({
    embeddingModel: z.string().min(1).max(200),
    rerankerModel: z.string().min(1).max(200).nullable(),
    chunking: z
      .strictObject({
        strategy: z.enum(chunkStrategies),
        targetTokens: z.number().int().min(32).max(2048),
        overlapTokens: z.number().int().min(0).max(256),
      })
      .partial(),
    afterReindex: z.enum(afterReindex),
    device: z.enum(devices),
    threads: z.number().int().min(0).max(256),
    rerankBudgetMs: z.number().int().min(50).max(10_000),
    language: z.enum(languages),
    theme: z.enum(themes),
    searchHistory: z.boolean(),
    modelSource: z.enum(modelSources),
    modelMirror: MirrorAddress,
  })
  .partial()
export type SettingsPatch = z.infer<typeof SettingsPatch>
