/**
 * What to do about a wish for some model and chunking: nothing, go on, catch the former up again, or build anew. Runs in
 * one transaction of library.db, with the settings that ask for it, so that a kill leaves either both or neither.
 */
import { randomBytes } from 'node:crypto'
import type { Library } from '../store/library/library.ts'
import type { NewTarget, Target } from '../store/library/rows.ts'
import { chunkingId, cutterOf, differingFields, recipeOf, sameChunking } from './recipe.ts'

/** A model as it is now, and how its text is to be cut. */
export type Wish = Pick<Target, 'modelId' | 'space' | 'spaceFields' | 'dimensions' | 'chunking'>

/** Every target has names of its own: what is open in some process is never another target's file. */
export function fileNames(chunking: string, space: string): Pick<Target, 'indexFile' | 'vectorsFile'> {
  const serial = randomBytes(4).toString('hex')
  const name = `${chunking.slice(0, 12)}-${serial}`
  return { indexFile: `index-${name}.db`, vectorsFile: `vectors-${name}-${space.slice(0, 12)}.db` }
}

export function newTarget(
  wish: Wish,
  { state, fresh }: Pick<NewTarget, 'state' | 'fresh'>,
  shared: Pick<Target, 'indexFile' | 'chunkingId'> | null,
): NewTarget {
  const recipe = recipeOf(wish.chunking)
  const own = chunkingId(recipe, cutterOf(wish))
  const files = fileNames(shared?.chunkingId ?? own, wish.space)
  return {
    ...wish,
    state,
    fresh,
    recipe: { ...recipe },
    chunkingId: shared?.chunkingId ?? own,
    indexFile: shared?.indexFile ?? files.indexFile,
    vectorsFile: files.vectorsFile,
  }
}

/** wish: what is there is used. anew: built although it answers already. fresh: and no vector that is there is good enough. */
export type Eagerness = 'wish' | 'anew' | 'fresh'

/** `chunksOf`: how many chunks a target's vectors file holds. */
export function chooseTarget(
  { targets }: Pick<Library, 'targets'>,
  wish: Wish,
  { eagerness, chunksOf }: { eagerness: Eagerness; chunksOf(target: Target): number },
): { started: boolean; target: Target | null } {
  const answers = (target: Target | null): boolean =>
    target !== null && target.space === wish.space && sameChunking(target.chunking, wish.chunking)
  const fresh = eagerness === 'fresh'
  const live = targets.live()
  if (!live) {
    const target = targets.add(newTarget(wish, { state: 'ready', fresh }, null))
    targets.switchTo(target.id)
    return { started: false, target }
  }
  const building = targets.building()
  if (eagerness === 'wish' && answers(live.target)) {
    // Back to what answers now: whatever was being built is not wanted any more.
    targets.cancelBuilding()
    return { started: false, target: null }
  }
  if (eagerness === 'wish' && building && answers(building)) {
    if (building.state !== 'complete') targets.setState(building.id, 'building')
    return { started: true, target: building }
  }
  targets.cancelBuilding()
  const former = targets.live()!.former
  if (eagerness === 'wish' && former && answers(former)) {
    targets.revive(former.id, chunksOf(former))
    return { started: true, target: former }
  }
  // The same recipe stands on the chunks that are there; the indexer looks whether each fits the model.
  const recipe = { ...recipeOf(wish.chunking) }
  const shared = fresh
    ? undefined
    : [live.target, former].find(
        (target) => target !== null && differingFields(target.recipe, recipe).length === 0,
      )
  return {
    started: true,
    target: targets.add(newTarget(wish, { state: 'building', fresh }, shared ?? null)),
  }
}
