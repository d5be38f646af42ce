/** Decides when another index is needed, and makes its target: a new space or a new chunking [MO1 RE1]. */
import { createHash } from 'node:crypto'
import { AppError } from '../../shared/errors.ts'
import type { ChunkingSettings, Settings, SettingsPatch } from '../../shared/settings.ts'
import { chunkerVersion } from '../chunk/chunk.ts'
import { normaliserVersion } from '../chunk/normalise.ts'
import { keywordTokensVersion } from '../search/keyword-tokens.ts'
import type { Target } from '../store/library/rows.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import type { EmbeddingFacts, Models } from './models.ts'

export type Reindex = ReturnType<typeof createReindex>

/** Everything that decides how text is cut and tokenised for keywords; equal ids share one index file. */
export function chunkingId(chunking: ChunkingSettings, facts: EmbeddingFacts): string {
  const recipe = {
    ...chunking,
    normaliser: normaliserVersion,
    chunker: chunkerVersion,
    keywords: keywordTokensVersion,
    // Sizes are counted by this tokenizer and capped by this limit.
    tokenizer: facts.tokenizerHash,
    maxTokens: facts.maxTokens,
    prompt: facts.documentPrompt,
  }
  return createHash('sha256')
    .update(JSON.stringify(recipe, Object.keys(recipe).sort()))
    .digest('hex')
}

export function createReindex({ library, models }: { library: Remote<LibraryJobs>; models: Models }) {
  async function targetFor(
    settings: Settings,
    state: Target['state'],
    fresh: boolean,
  ): Promise<Omit<Target, 'id' | 'error'>> {
    const facts = await models.facts(settings.embeddingModel)
    const chunking = chunkingId(settings.chunking, facts)
    // A rebuild that changes nothing still needs files of its own.
    const suffix = fresh ? `-${Date.now().toString(36)}` : ''
    const name = chunking.slice(0, 12) + suffix
    return {
      state,
      modelId: settings.embeddingModel,
      space: facts.space,
      spaceFields: facts.spaceFields,
      dimensions: facts.dimensions,
      chunking: settings.chunking,
      chunkingId: chunking,
      indexFile: `index-${name}.db`,
      vectorsFile: `vectors-${name}-${facts.space.slice(0, 12)}.db`,
    }
  }

  async function cancelBuilding(): Promise<number> {
    const building = await library.building(undefined)
    if (!building) return 0
    await library.removeTarget({ id: building.id })
    return 1
  }

  async function build(settings: Settings, fresh: boolean): Promise<boolean> {
    const wanted = await targetFor(settings, 'building', fresh)
    const live = await library.live(undefined)
    const building = await library.building(undefined)
    const isLive = live && live.target.space === wanted.space && live.target.chunkingId === wanted.chunkingId
    if (isLive && !fresh) {
      // Back to what answers now: whatever was being built is not wanted any more.
      await cancelBuilding()
      return false
    }
    if (building && building.space === wanted.space && building.chunkingId === wanted.chunkingId && !fresh) {
      if (building.state !== 'building') await library.setTargetState({ id: building.id, state: 'building' })
      return true
    }
    await cancelBuilding()
    // The same chunking shares the live index file, so that only vectors are made.
    if (live && !fresh && live.target.chunkingId === wanted.chunkingId)
      wanted.indexFile = live.target.indexFile
    await library.addTarget(wanted)
    return true
  }

  return {
    /** A new library starts with an empty index of the chosen model; an old one whose model changed on disk is rebuilt. */
    async ensureLive(): Promise<void> {
      const settings = await library.settings(undefined)
      const live = await library.live(undefined)
      if (!live) {
        const target = await library.addTarget(await targetFor(settings, 'ready', false))
        await library.switchTo({ id: target.id })
        return
      }
      try {
        const building = await library.building(undefined)
        const sameFiles = async ({ modelId, space }: Target) => (await models.facts(modelId)).space === space
        // A newer chunker only offers a reindex; vectors of other model files cannot be searched, so those must be made anew.
        if (building ? await sameFiles(building) : await sameFiles(live.target)) return
        await build(settings, false)
      } catch (error) {
        // The chosen model is gone or broken. The live index still answers by keywords; the model list says what is wrong.
        if (!(error instanceof AppError)) throw error
      }
    },

    /** Stores the settings; starts a build where they ask for another index. Throws before storing when the model cannot be used. */
    async request(patch: SettingsPatch): Promise<boolean> {
      const before = await library.settings(undefined)
      // Opened and tested before anything is built with it [MO4]; what was tested once is remembered.
      const run = { threads: before.threads, device: patch.device ?? before.device }
      if (patch.embeddingModel !== undefined) {
        await models.facts(patch.embeddingModel)
        await models.embedder(patch.embeddingModel, run)
      }
      if (patch.rerankerModel) {
        await models.checkReranker(patch.rerankerModel)
        await models.reranker(patch.rerankerModel, run)
      }
      const after = await library.updateSettings(patch)
      const same =
        after.embeddingModel === before.embeddingModel &&
        JSON.stringify(after.chunking) === JSON.stringify(before.chunking)
      return same ? false : build(after, false)
    },

    async startAnew(): Promise<void> {
      await build(await library.settings(undefined), true)
    },

    async pause(): Promise<number> {
      const building = await library.building(undefined)
      if (building?.state !== 'building') return 0
      await library.setTargetState({ id: building.id, state: 'paused' })
      return 1
    },

    async resume(): Promise<number> {
      const building = await library.building(undefined)
      if (!building) return 0
      await library.setTargetState({ id: building.id, state: 'building' })
      return 1
    },

    /** Drops what was being built, and sets model and chunking back to those that answer. */
    async cancel(): Promise<number> {
      const done = await cancelBuilding()
      const live = await library.live(undefined)
      if (live) {
        await library.updateSettings({ embeddingModel: live.target.modelId, chunking: live.target.chunking })
      }
      return done
    },
  }
}
