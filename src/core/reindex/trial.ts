/**
 * A model tried on some documents of this library: their passages embedded with it, and the same documents searched with it
 * and with the model in use. Both orders are of the same passages, so they can be compared. Nothing is kept.
 */
import { AppError } from '../../shared/errors.ts'
import type { TrialHit, TrialStep } from '../../shared/reindex.ts'
import type { ModelEmbedder } from '../embed/embedder.ts'
import type { OpenFiles } from '../ingest/ingest.ts'
import type { LiveIndex } from '../search/live-index.ts'
import { semanticSearch } from '../search/semantic.ts'
import { asHits, openTargetIndex, trialHits } from './nearest.ts'

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
  const asked: { query: string; vector: Float32Array }[] = []
  for (const query of queries) {
    check()
    asked.push({ query, vector: await liveEmbedder.embedQuery(query) })
  }
  const open = openTargetIndex(libraryDir, live.target)
  if (!open) throw new AppError('unavailable', 'the index that answers has no files yet')
  try {
    const sample = sampleOf(live, choose(open, documents, asked))
    const fresh: Float32Array[] = []
    for (let at = 0; at < sample.length; at += stepChunks) {
      check()
      onProgress({ stage: 'embedding', done: at, total: sample.length, results: null })
      const some = sample.slice(at, at + stepChunks).map((one) => one.input)
      fresh.push(...(await embedder.embedDocuments(some, signal)))
    }
    const old = sample.map(({ inputHash }) => live.vectors.find(inputHash))
    const results: NonNullable<TrialStep['results']> = []
    for (const [i, { query, vector }] of asked.entries()) {
      check()
      onProgress({ stage: 'searching', done: i, total: queries.length, results: null })
      results.push({
        query,
        live: ranked(open, sample, old, vector),
        trial: ranked(open, sample, fresh, await embedder.embedQuery(query)),
      })
    }
    return { stage: 'done', done: sample.length, total: sample.length, results }
  } finally {
    open.close()
  }

  function ranked(
    index: LiveIndex,
    sample: readonly Sampled[],
    vectors: readonly (Float32Array | null)[],
    query: Float32Array,
  ): TrialHit[] {
    const best = new Map<string, { i: number; cosine: number }>()
    for (const [i, vector] of vectors.entries()) {
      const { sha256 } = sample[i]!
      const cosine = vector ? dot(vector, query) : -Infinity
      if (vector && cosine > (best.get(sha256)?.cosine ?? -Infinity)) best.set(sha256, { i, cosine })
    }
    // More than are shown, because some may be of removed documents.
    const first = [...best.values()].sort((a, b) => b.cosine - a.cosine || a.i - b.i).slice(0, 10 * trialHits)
    return asHits(
      libraryDir,
      index,
      first.map(({ i, cosine }) => ({ id: sample[i]!.chunkId, cosine })),
    )
  }
}

/**
 * Which texts: up to half of them what the model in use finds for the searches, because a trial on documents that have nothing
 * to do with them says nothing; the rest spread over the library, because the other model may find something else.
 */
function choose(open: LiveIndex, documents: number, asked: readonly { vector: Float32Array }[]): Set<string> {
  const chosen = new Set<string>()
  const each = Math.floor(documents / 2 / Math.max(1, asked.length))
  for (const { vector } of asked) {
    const { hits } = semanticSearch(open.vectors, open.codes, vector, null)
    const texts = new Set(hits.flatMap(({ id }) => open.texts.textOf(id)?.sha256 ?? []))
    for (const sha256 of [...texts].slice(0, each)) chosen.add(sha256)
  }
  const all = open.texts.all()
  const step = Math.max(1, all.length / documents)
  for (let at = 0; at < all.length && chosen.size < documents; at += step)
    chosen.add(all[Math.floor(at)]!.sha256)
  // Those between, where the searches found some of the others.
  for (let i = 0; i < all.length && chosen.size < documents; i++) chosen.add(all[i]!.sha256)
  return chosen
}

function sampleOf({ index }: OpenFiles, texts: ReadonlySet<string>): Sampled[] {
  const sample: Sampled[] = []
  for (const sha256 of texts) {
    if (sample.length >= mostChunks) break
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
