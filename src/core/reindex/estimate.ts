/**
 * What another index would take, before it is begun [RE4]: time, disk, and whether the model reads what is here. Measured
 * on passages of this very library, spread over all its texts; what cannot be measured is null, never guessed.
 */
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import type { ReindexEstimate } from '../../shared/reindex.ts'
import type { ChunkingSettings } from '../../shared/settings.ts'
import type { Chunk } from '../chunk/types.ts'
import type { ModelEmbedder } from '../embed/embedder.ts'
import type { OpenFiles } from '../ingest/ingest.ts'
import { codeBytes } from '../store/vectors/codes.ts'
import { differingFields, recipeOf } from './recipe.ts'

/** Texts looked into, characters of them that are cut anew, and passages that are embedded. */
const sampleTexts = 60
const sampleChars = 400_000
const sampleChunks = 600
/** Looking for the longest passage takes at most so long. */
const countMs = 1_500
/** Embedding for the measure takes about so long. */
const measureMs = 1_500
const measureBatch = 16
/** A script with less of the letters than this need not be read. */
const mattersFrom = 0.15
/** What a row costs beside its vector and code, where no file is there to measure it on. */
const usualRowBytes = 110

export interface EstimateOptions {
  libraryDir: string
  live: OpenFiles
  /** Targets of the wanted space: their vectors need not be made. */
  stores: readonly OpenFiles[]
  embedder: ModelEmbedder
  chunking: ChunkingSettings
  /** A stored text cut as wanted, for the wanted model. */
  cut(sha256: string): Promise<Pick<Chunk, 'input' | 'inputHash'>[]>
  /** As the model's card says; empty where it does not. */
  languages: readonly string[]
  /** Texts the library wants. */
  documents: number
  signal: AbortSignal
}

type Input = Pick<Chunk, 'input' | 'inputHash'>

export async function estimateReindex(options: EstimateOptions): Promise<ReindexEstimate> {
  const { libraryDir, live, stores, embedder, chunking, languages, documents, signal } = options
  const sampled = spread(live.index.texts(), sampleTexts)
  const now = sampled.map((sha256) => live.index.inputs(sha256))
  const counted = live.index.counts().chunks
  const isSameRecipe = differingFields(live.target.recipe, { ...recipeOf(chunking) }).length === 0
  const longestNow = await longestOf(live, embedder, signal)
  const embedOnly = isSameRecipe && longestNow <= embedder.maxTokens

  let sample: Input[] = now.flat()
  let chunks = counted
  let longestTokens = longestNow
  if (!embedOnly) {
    // Cut as it will be: how many passages that gives is not in proportion to their size.
    const cut: Input[] = []
    let before = 0
    let chars = 0
    for (const [i, sha256] of sampled.entries()) {
      check(signal)
      if (chars > sampleChars) break
      const inputs = await options.cut(sha256)
      cut.push(...inputs)
      before += now[i]!.length
      chars += inputs.reduce((sum, { input }) => sum + input.length, 0)
    }
    sample = cut
    chunks = before === 0 ? counted : Math.round((counted * cut.length) / before)
    longestTokens = cut.reduce((most, { input }) => Math.max(most, embedder.countTokens(input)), 0)
  }
  const known = sample.filter(({ inputHash }) => stores.some(({ vectors }) => vectors.find(inputHash)))
  const cached = sample.length > 0 ? Math.round((chunks * known.length) / sample.length) : 0
  const toEmbed = chunks - cached

  const chunksPerSecond = await measure(
    spread(sample, sampleChunks).map(({ input }) => input),
    embedder,
    signal,
  )
  const liveVectors = live.vectors.counts().vectors
  const vectorBytes = embedder.dimensions * 4 + codeBytes(embedder.dimensions)
  const rowBytes =
    liveVectors > 200
      ? Math.max(
          0,
          sizeOf(libraryDir, live.target.vectorsFile) / liveVectors -
            live.target.dimensions * 4 -
            codeBytes(live.target.dimensions),
        )
      : usualRowBytes
  // Its rows hold the text itself, so its size does not follow the number of passages.
  const indexBytes = embedOnly ? 0 : sizeOf(libraryDir, live.target.indexFile)
  const { bavail, bsize } = statfsSync(libraryDir)
  const scripts = scriptsIn(sample.map(({ input }) => input))
  return {
    documents,
    chunks,
    embedOnly,
    toEmbed,
    cached,
    chunksPerSecond,
    seconds: chunksPerSecond === null ? null : toEmbed / chunksPerSecond,
    addsBytes: Math.round(chunks * (vectorBytes + rowBytes) + indexBytes),
    freeBytes: bavail * bsize,
    ...scripts,
    suits: suits(scripts, languages),
    longest: sample.length === 0 ? null : { tokens: longestTokens, limit: embedder.maxTokens },
  }
}

const check = (signal: AbortSignal): void => {
  if (signal.aborted) throw new AppError('cancelled', 'the estimate was given up')
}

/** About `count` of them, from first to last. */
function spread<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, all.length / count)
  const some: T[] = []
  for (let at = 0; at < all.length; at += step) some.push(all[Math.floor(at)]!)
  return some
}

/** Of the passages as they are, all of them or as many as the time allows, in the wanted model's own tokens. */
async function longestOf(
  { index }: OpenFiles,
  embedder: ModelEmbedder,
  signal: AbortSignal,
): Promise<number> {
  const all = index.texts()
  const began = performance.now()
  let longest = 0
  // Spread over the library from the first round on; each round takes the ones between.
  const rounds = Math.max(1, Math.ceil(all.length / sampleTexts))
  for (let round = 0; round < rounds; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    check(signal)
    for (let i = round; i < all.length; i += rounds) {
      if (performance.now() - began > countMs) return longest
      for (const { input } of index.inputs(all[i]!)) longest = Math.max(longest, embedder.countTokens(input))
    }
  }
  return longest
}

/** Passages a second, the first batch not counted: it warms caches and grows buffers. */
async function measure(
  inputs: readonly string[],
  embedder: ModelEmbedder,
  signal: AbortSignal,
): Promise<number | null> {
  if (inputs.length === 0) return null
  const batch = (at: number) => {
    const some = Array.from({ length: measureBatch }, (_, i) => inputs[(at + i) % inputs.length]!)
    return embedder.embedDocuments(some, signal)
  }
  await batch(0)
  const began = performance.now()
  let done = 0
  while (performance.now() - began < measureMs) {
    await batch(measureBatch + done)
    done += measureBatch
  }
  return (done * 1000) / (performance.now() - began)
}

type Scripts = Pick<ReindexEstimate, 'han' | 'latin' | 'other'>

/**
 * Of all passages that have letters, every one counts the same: Chinese says in one letter what takes English four, so a
 * count of letters would make a library half in Chinese look English.
 */
export function scriptsIn(passages: readonly string[]): Scripts {
  const all = passages.map(scriptsOf).filter(({ han, latin, other }) => han + latin + other > 0)
  const mean = (script: keyof Scripts): number =>
    all.length === 0 ? 0 : all.reduce((sum, one) => sum + one[script], 0) / all.length
  return { han: mean('han'), latin: mean('latin'), other: mean('other') }
}

/** Shares of the letters of one text by script. */
export function scriptsOf(text: string): Scripts {
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0
  const letters = count(/\p{L}/gu)
  if (letters === 0) return { han: 0, latin: 0, other: 0 }
  const han = count(/\p{Script=Han}/gu) / letters
  const latin = count(/\p{Script=Latin}/gu) / letters
  return { han, latin, other: Math.max(0, 1 - han - latin) }
}

/** A model that reads many languages names them, or says 'multilingual'. */
function suits({ han, latin }: Scripts, languages: readonly string[]): ReindexEstimate['suits'] {
  if (languages.length === 0) return 'unknown'
  const reads = (code: string): boolean =>
    languages.some((one) => one.toLowerCase().startsWith(code) || /^mul/i.test(one))
  if (han >= mattersFrom && !reads('zh')) return 'no'
  if (latin >= mattersFrom && !reads('en')) return 'no'
  return 'yes'
}

const sizeOf = (libraryDir: string, name: string): number =>
  ['', '-wal'].reduce(
    (sum, suffix) => sum + (statSync(join(libraryDir, name + suffix), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
