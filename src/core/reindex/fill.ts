/**
 * Brings a target to hold exactly the texts the library wants: adds what is missing from stored text, drops what no
 * document stands on. The same function repairs the live index after a crash, catches it up, and builds a new one
 * beside it [RE1 RE2]; what it did is in the target's files, so it can be stopped anywhere.
 */
import { chunkFor, writeTexts, type NewText, type OpenFiles, type OpenTarget } from '../ingest/ingest.ts'
import type { Library } from '../store/library/library.ts'
import { chunkingId, cutterOf, type Recipe } from './recipe.ts'

/** A step is small, so that a pause or a document added meanwhile does not wait long. */
const stepTexts = 32
const stepChars = 300_000

export interface FillStep {
  /** Texts of the library that the target has, and how many it should have. */
  done: number
  total: number
  /** Chunks written by this step, and how many of them had their vector already. */
  chunks: number
  reused: number
  complete: boolean
}

export interface Fill {
  /** Does a little and says how far it got. `complete` is judged against the library as it is then. */
  step(signal: AbortSignal): Promise<FillStep>
}

/** Some chunk of the index a target shares is longer than its model reads [CH1]. */
export class DoesNotFit extends Error {}

export function missingTexts(
  library: Library,
  { index, vectors }: Pick<OpenFiles, 'index' | 'vectors'>,
): { missing: string[]; total: number } {
  const wanted = library.texts.wanted()
  const indexed = new Set(index.texts())
  const embedded = new Set(vectors.texts())
  return {
    missing: wanted.filter((sha256) => !indexed.has(sha256) || !embedded.has(sha256)),
    total: wanted.length,
  }
}

/**
 * `mayRecut`: a text whose chunks are too long for the model is cut again, for every model over the index; else the fill
 * throws DoesNotFit, before it has embedded anything.
 */
export function createFill(library: Library, target: OpenTarget, { mayRecut }: { mayRecut: boolean }): Fill {
  let missing: string[] = []
  let total = 0
  const { index, embedder } = target
  // An index cut for this model fits it.
  const cutForIt =
    target.target.chunkingId ===
    chunkingId(target.target.recipe as unknown as Recipe, cutterOf(target.target))
  let allFit = cutForIt

  const fits = (sha256: string): boolean =>
    index
      .inputs(sha256)
      .every(({ input, truncated }) => truncated || embedder.countTokens(input) <= embedder.maxTokens)

  /** Counting is quick beside embedding: so all of it first, rather than find out after hours. */
  async function lookWhetherAllFit(signal: AbortSignal): Promise<void> {
    for (const [i, sha256] of missing.entries()) {
      if (signal.aborted) return
      // Lets the message in that stops it.
      if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (index.has(sha256) && !fits(sha256)) throw new DoesNotFit()
    }
    allFit = true
  }

  return {
    async step(signal) {
      if (missing.length === 0) ({ missing, total } = missingTexts(library, target))
      if (!allFit && !mayRecut) await lookWhetherAllFit(signal)
      const texts: NewText[] = []
      let chars = 0
      let taken = 0
      for (const sha256 of missing) {
        if (texts.length === stepTexts || chars > stepChars || signal.aborted) break
        taken++
        if (index.has(sha256)) {
          if (allFit || fits(sha256)) {
            if (!target.vectors.has(sha256)) texts.push({ sha256, title: null, chunks: null })
            continue
          }
          if (!mayRecut) throw new DoesNotFit()
        }
        const text = library.texts.get(sha256)
        if (!text) continue
        chars += text.blocks.reduce((sum, block) => sum + block.text.length, 0)
        texts.push({ sha256, title: text.title, chunks: await chunkFor(target, text) })
      }
      const { reused } = await writeTexts(target, texts, signal)
      missing = missing.slice(taken)
      const chunks = texts.reduce(
        (sum, text) => sum + (text.chunks?.length ?? index.chunkIds(text.sha256).length),
        0,
      )
      const step = { chunks, reused }
      if (missing.length > 0) return { done: total - missing.length, total, ...step, complete: false }
      // The list is used up, but documents may have come meanwhile.
      ;({ missing, total } = missingTexts(library, target))
      allFit = cutForIt
      return { done: total - missing.length, total, ...step, complete: missing.length === 0 }
    },
  }
}

/**
 * Drops what no document names any more, removed ones with undo included. Returns how many texts went. All vectors go before
 * any chunk: targets may stand on one index.
 */
export function sweepTargets(
  library: Library,
  targets: readonly Pick<OpenFiles, 'index' | 'vectors'>[],
): number {
  const referenced = library.texts.referenced()
  const dropped = new Set<string>()
  for (const store of [...targets.map((one) => one.vectors), ...targets.map((one) => one.index)]) {
    for (const sha256 of store.texts()) {
      if (referenced.has(sha256)) continue
      store.drop(sha256)
      dropped.add(sha256)
    }
  }
  return dropped.size
}
