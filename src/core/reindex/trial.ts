/**
 * A model tried on some documents of this library: their passages embedded with it, and the same documents searched with it
 * and with the model in use. Both orders are of the same passages, so they can be compared. Nothing is kept.
 */
import { AppError } from '../../shared/errors.ts'
import type { TrialHit, TrialStep } from '../../shared/reindex.ts'
import type { ModelEmbedder } from '../embed/embedder.ts'
import type { OpenFiles } from '../ingest/ingest.ts'
import { asHits } from './nearest.ts'

/** Held in memory: 20,000 vectors of 1,024 numbers are 80 MB. */
const mostChunks = 20_000
const stepChunks = 32
/** Of one document, so that a book does not take it all. */
const chunksPerDocument = 100

export interface TrialOptions {
  libraryDir: string
  live: OpenFiles
  liveEmbedder: Pick<ModelEmbedder, 'embedQuery'>
  embedder: ModelEmbedder
  documents: number
  queries: readonly string[]
  signal: AbortSignal
  onProgress(step: TrialStep): void
}

interface Sampled {
  chunkId: number
  sha256: string
  input: string
  inputHash: string
}

export async function tryModel(options: TrialOptions): Promise<TrialStep> {
  const { libraryDir, live, liveEmbedder, embedder, documents, queries, signal, onProgress } = options
  const check = () => {
    if (signal.aborted) throw new AppError('cancelled', 'the trial was given up')
  }
  onProgress({ stage: 'sampling', done: 0, total: documents, results: null })
  const sample = sampleOf(live, documents)
  const fresh: Float32Array[] = []
  for (let at = 0; at < sample.length; at += stepChunks) {
    check()
    onProgress({ stage: 'embedding', done: at, total: sample.length, results: null })
    const some = sample.slice(at, at + stepChunks).map((one) => one.input)
    fresh.push(...(await embedder.embedDocuments(some, signal)))
  }
  const old = sample.map(({ inputHash }) => live.vectors.find(inputHash))
  const results: NonNullable<TrialStep['results']> = []
  for (const [i, query] of queries.entries()) {
    check()
    onProgress({ stage: 'searching', done: i, total: queries.length, results: null })
    results.push({
      query,
      live: ranked(old, await liveEmbedder.embedQuery(query)),
      trial: ranked(fresh, await embedder.embedQuery(query)),
    })
  }
  return { stage: 'done', done: sample.length, total: sample.length, results }

  function ranked(vectors: readonly (Float32Array | null)[], query: Float32Array): TrialHit[] {
    const scored = vectors
      .flatMap((vector, i) => (vector ? [{ i, cosine: dot(vector, query) }] : []))
      .sort((a, b) => b.cosine - a.cosine || a.i - b.i)
    const best = new Map<string, { i: number; cosine: number }>()
    for (const one of scored) if (!best.has(sample[one.i]!.sha256)) best.set(sample[one.i]!.sha256, one)
    return asHits(
      libraryDir,
      [...best].map(([sha256, { i, cosine }]) => ({
        sha256,
        cosine,
        page: null,
        text: sample[i]!.input,
      })),
    )
  }
}

/** Documents spread over the library, their passages in order. */
function sampleOf({ index }: OpenFiles, documents: number): Sampled[] {
  const all = index.texts()
  const step = Math.max(1, all.length / documents)
  const sample: Sampled[] = []
  for (let at = 0; at < all.length && sample.length < mostChunks; at += step) {
    const sha256 = all[Math.floor(at)]!
    for (const { chunkId, input, inputHash } of index.inputs(sha256).slice(0, chunksPerDocument))
      sample.push({ chunkId, sha256, input, inputHash })
  }
  return sample
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
