/**
 * What another index would take, before it is begun [RE4]: time, disk, and whether the model reads what is here. Measured
 * on passages of this very library, spread over all its texts; what cannot be measured is null, never guessed.
 */
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ReindexEstimate } from '../../shared/reindex.ts'
import type { ChunkingSettings } from '../../shared/settings.ts'
import type { ModelEmbedder } from '../embed/embedder.ts'
import type { OpenFiles } from '../ingest/ingest.ts'
import { codeBytes } from '../store/vectors/codes.ts'
import { differingFields, recipeOf } from './recipe.ts'

/** Texts looked into, and passages of all of them. */
const sampleTexts = 60
const sampleChunks = 600
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
  /** As the model's card says; empty where it does not. */
  languages: readonly string[]
  /** Texts the library wants. */
  documents: number
}

export async function estimateReindex({
  libraryDir,
  live,
  stores,
  embedder,
  chunking,
  languages,
  documents,
}: EstimateOptions): Promise<ReindexEstimate> {
  const all = live.index.texts()
  const step = Math.max(1, all.length / sampleTexts)
  const inputs: { input: string; inputHash: string }[] = []
  for (let at = 0; at < all.length && inputs.length < sampleChunks; at += step)
    inputs.push(...live.index.inputs(all[Math.floor(at)]!))
  const sample = inputs.slice(0, sampleChunks)

  const recipe = { ...recipeOf(chunking) }
  const isSameRecipe = differingFields(live.target.recipe, recipe).length === 0
  const longestTokens = sample.reduce((most, { input }) => Math.max(most, embedder.countTokens(input)), 0)
  const embedOnly = isSameRecipe && longestTokens <= embedder.maxTokens

  const counted = live.index.counts().chunks
  // Other sizes give more or fewer passages, in proportion.
  const chunks = isSameRecipe
    ? counted
    : Math.round((counted * live.target.chunking.targetTokens) / chunking.targetTokens)
  const known = sample.filter(({ inputHash }) => stores.some(({ vectors }) => vectors.find(inputHash)))
  const cached = embedOnly && sample.length > 0 ? Math.round((chunks * known.length) / sample.length) : 0
  const toEmbed = chunks - cached

  const chunksPerSecond = await measure(
    sample.map(({ input }) => input),
    embedder,
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
  const indexBytes =
    embedOnly || counted === 0 ? 0 : (sizeOf(libraryDir, live.target.indexFile) * chunks) / counted
  const { bavail, bsize } = statfsSync(libraryDir)
  const scripts = scriptsOf(sample.map(({ input }) => input).join('\n'))
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

/** Passages a second, the first batch not counted: it warms caches and grows buffers. */
async function measure(inputs: readonly string[], embedder: ModelEmbedder): Promise<number | null> {
  if (inputs.length === 0) return null
  const batch = (at: number) => {
    const some = Array.from({ length: measureBatch }, (_, i) => inputs[(at + i) % inputs.length]!)
    return embedder.embedDocuments(some)
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

/** Shares of the letters by script. */
export function scriptsOf(text: string): Pick<ReindexEstimate, 'han' | 'latin' | 'other'> {
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0
  const letters = count(/\p{L}/gu)
  if (letters === 0) return { han: 0, latin: 0, other: 0 }
  const han = count(/\p{Script=Han}/gu) / letters
  const latin = count(/\p{Script=Latin}/gu) / letters
  return { han, latin, other: Math.max(0, 1 - han - latin) }
}

/** A model that reads many languages names them, or says 'multilingual'. */
function suits(
  { han, latin }: Pick<ReindexEstimate, 'han' | 'latin'>,
  languages: readonly string[],
): ReindexEstimate['suits'] {
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
