/**
 * Brings a target to hold exactly the texts the library wants: adds what is missing from stored text, drops what no
 * document stands on. The same function repairs the live index after a crash, catches it up, and builds a new one
 * beside it [RE1 RE2]; what it did is in the target's files, so it can be stopped anywhere.
 */
import { chunkFor, writeTexts, type NewText, type OpenTarget } from '../ingest/ingest.ts'
import type { Library } from '../store/library/library.ts'

/** A step is small, so that a pause or a document added meanwhile does not wait long. */
const stepTexts = 32
const stepChars = 300_000

export interface FillStep {
  /** Texts of the library that the target has, and how many it should have. */
  done: number
  total: number
  /** Chunks written by this step. */
  chunks: number
  complete: boolean
}

export interface Fill {
  /** Does a little and says how far it got. `complete` is judged against the library as it is then. */
  step(signal: AbortSignal): Promise<FillStep>
}

export function missingTexts(
  library: Library,
  { index, vectors }: Pick<OpenTarget, 'index' | 'vectors'>,
): { missing: string[]; total: number } {
  const wanted = library.texts.wanted()
  const indexed = new Set(index.texts())
  const embedded = new Set(vectors.texts())
  return {
    missing: wanted.filter((sha256) => !indexed.has(sha256) || !embedded.has(sha256)),
    total: wanted.length,
  }
}

export function createFill(library: Library, target: OpenTarget): Fill {
  let missing: string[] = []
  let total = 0

  return {
    async step(signal) {
      if (missing.length === 0) ({ missing, total } = missingTexts(library, target))
      const texts: NewText[] = []
      let chars = 0
      let taken = 0
      for (const sha256 of missing) {
        if (texts.length === stepTexts || chars > stepChars || signal.aborted) break
        taken++
        if (target.index.has(sha256)) {
          if (!target.vectors.has(sha256)) texts.push({ sha256, title: null, chunks: null })
          continue
        }
        const text = library.texts.get(sha256)
        if (!text) continue
        chars += text.blocks.reduce((sum, block) => sum + block.text.length, 0)
        texts.push({ sha256, title: text.title, chunks: await chunkFor(target, text) })
      }
      await writeTexts(target, texts, signal)
      missing = missing.slice(taken)
      const chunks = texts.reduce(
        (sum, text) => sum + (text.chunks?.length ?? target.index.chunkIds(text.sha256).length),
        0,
      )
      if (missing.length > 0) return { done: total - missing.length, total, chunks, complete: false }
      // The list is used up, but documents may have come meanwhile.
      ;({ missing, total } = missingTexts(library, target))
      return { done: total - missing.length, total, chunks, complete: missing.length === 0 }
    },
  }
}

/** Drops what no document names any more, removed ones with undo included. Returns how many texts went. */
export function sweepTarget(
  library: Library,
  { index, vectors }: Pick<OpenTarget, 'index' | 'vectors'>,
): number {
  const referenced = library.texts.referenced()
  let dropped = 0
  for (const sha256 of new Set([...index.texts(), ...vectors.texts()])) {
    if (referenced.has(sha256)) continue
    vectors.drop(sha256)
    index.drop(sha256)
    dropped++
  }
  return dropped
}
