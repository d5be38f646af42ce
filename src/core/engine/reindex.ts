/**
 * The calls of `reindex`, and what a start has to see to: that there is a live index, that the library keeps the files
 * of the models its indexes stand on, and that a built-in model which an update changed is built anew beside the old one.
 */
import { AppError } from '../../shared/errors.ts'
import type { Settings, SettingsPatch } from '../../shared/settings.ts'
import type { Eagerness, Wish } from '../reindex/choose.ts'
import { chunkingId, cutterOf, outdatedFields, recipeOf, sameChunking } from '../reindex/recipe.ts'
import type { Target } from '../store/library/rows.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import type { Models } from './models.ts'

export type Reindex = ReturnType<typeof createReindex>

export function createReindex({ library, models }: { library: Remote<LibraryJobs>; models: Models }) {
  async function wishOf({ embeddingModel, chunking }: Settings): Promise<Wish> {
    const { space, spaceFields, dimensions } = await models.facts(embeddingModel)
    return { modelId: embeddingModel, space, spaceFields, dimensions, chunking }
  }

  let line: Promise<unknown> = Promise.resolve()
  /** One after the other: what was just pinned for a wish must not be let go before the wish has its row. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = line.then(work)
    line = turn.catch(() => {})
    return turn
  }

  /** Pinned first: an index without its model's files would be worth nothing. */
  const ask = (
    wish: Wish,
    options: { patch?: SettingsPatch; eagerness?: Eagerness } = {},
  ): Promise<boolean> =>
    inTurn(async () => {
      const { patch = {}, eagerness = 'wish' } = options
      await models.pin(wish)
      const started = await library.wish({ wish, patch, eagerness })
      await unpin()
      return started
    })

  async function unpin(): Promise<number> {
    const { spaces } = await library.tidyTargets(undefined)
    return models.unpinOthers(spaces)
  }

  /** Drops targets, files and pins nothing stands on. Answers the bytes of the pins. */
  const letGo = (): Promise<number> => inTurn(unpin)

  /** What an older version did not write down: the recipe of an index, where it is certainly today's. */
  async function noteRecipe(target: Target): Promise<void> {
    if (Object.keys(target.recipe).length > 0) return
    const recipe = recipeOf(target.chunking)
    if (chunkingId(recipe, cutterOf(target)) === target.chunkingId)
      await library.setRecipe({ id: target.id, recipe: { ...recipe } })
  }

  return {
    letGo,

    /** At start, before anything is opened. */
    async ensureLive(): Promise<void> {
      const settings = await library.settings(undefined)
      const live = await library.live(undefined)
      if (!live) {
        await ask(await wishOf(settings))
        return
      }
      for (const target of await library.standing(undefined)) {
        await noteRecipe(target)
        try {
          await models.pin(target)
        } catch (error) {
          // No room for a copy: the listed files do as long as they are there.
          if (!(error instanceof AppError)) throw error
        }
      }
      await letGo()
      try {
        const wanted = (await library.building(undefined)) ?? live.target
        const wish = await wishOf(settings)
        const isAnother = wish.modelId === wanted.modelId && wish.space !== wanted.space
        if (!isAnother || (await library.isDeclined({ space: wish.space }))) return
        // The model's files are others now. Search goes on in the old space, from the pinned files.
        await ask(wish)
      } catch (error) {
        // The chosen model is gone or broken. The index answers from its pinned files; the model list says what is wrong.
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
      const after = {
        ...before,
        embeddingModel: patch.embeddingModel ?? before.embeddingModel,
        chunking: { ...before.chunking, ...patch.chunking },
      }
      const same =
        after.embeddingModel === before.embeddingModel && sameChunking(after.chunking, before.chunking)
      if (!same) return ask(await wishOf(after), { patch })
      await library.updateSettings(patch)
      return false
    },

    /**
     * Builds what answers already once more. Because a newer recipe was offered: then its vectors are of use. Because they
     * are `doubted`, or for no reason that is known here: then all of them are made anew.
     */
    async startAnew(doubted: boolean): Promise<void> {
      const live = await library.live(undefined)
      const isOffered = !doubted && live !== null && outdatedFields(live.target).length > 0
      const wish = await wishOf(await library.settings(undefined))
      await ask(wish, { eagerness: isOffered ? 'anew' : 'fresh' })
    },

    async pause(): Promise<number> {
      const building = await library.building(undefined)
      if (building?.state !== 'building') return 0
      await library.setTargetState({ id: building.id, state: 'paused' })
      return 1
    },

    async resume(): Promise<number> {
      const building = await library.building(undefined)
      if (!building || building.state === 'complete') return 0
      await library.setTargetState({ id: building.id, state: 'building' })
      return 1
    },

    /** Drops what was being built, and sets model and chunking back to those that answer. */
    async cancel(): Promise<number> {
      const done = await library.cancelBuilding(undefined)
      await letGo()
      return done ? 1 : 0
    },

    /** The index that waits answers from now on. */
    async switch(): Promise<void> {
      if (await library.switchToBuilt(undefined)) return
      throw new AppError('conflict', 'No index waits to be switched to.')
    },

    async former(): Promise<Target> {
      const former = (await library.live(undefined))?.former
      if (!former) throw new AppError('conflict', 'There is no former index to go back to.')
      return former
    },

    async rollback(): Promise<void> {
      if (await library.rollback(undefined)) return
      throw new AppError('conflict', 'There is no former index to go back to.')
    },

    async dropFormer(): Promise<{ done: number; freedBytes: number }> {
      const { done, freedBytes } = await library.dropFormer(undefined)
      return { done: done ? 1 : 0, freedBytes: freedBytes + (await letGo()) }
    },
  }
}
