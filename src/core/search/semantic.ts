/** The meaning leg: scan codes, score some hundred exactly, say how near a cosine is *for this library*. */
import type { VectorReader } from '../store/vectors/vector-reader.ts'
import type { CodeTable } from './codes.ts'

/** Chunks scored exactly after the scan; recall against exact search is in docs/decisions/0001. */
export const rescored = 500
/** A filter that leaves at most so many chunks is scored exactly, without the scan's guess. */
export const exactUpTo = 20_000

export interface SemanticHit {
  id: number
  cosine: number
}

export interface SemanticResult {
  /** Best first. */
  hits: SemanticHit[]
  /** Cosines of chunks outside `hits`, on request. */
  cosines(chunkIds: readonly number[]): Map<number, number>
  /** Mean and spread of cosine over the library, for this query. */
  mean: number
  deviation: number
  /** Share of the library farther from the query than this cosine, 0 to 1. */
  percentile(cosine: number): number
}

export function semanticSearch(
  reader: VectorReader,
  codes: CodeTable,
  query: Float32Array,
  only: Uint8Array | null,
): SemanticResult {
  // The scan runs in either case: it is what tells how far the rest of the library is.
  const scan = codes.scan(query, rescored, only)
  const narrow = only ? codes.allowed(only, exactUpTo) : null
  const ids = narrow && narrow.length <= exactUpTo ? narrow : scan.chunkIds
  const exact = reader.cosines(query, ids)
  const hits = [...exact]
    .map(([id, cosine]) => ({ id, cosine }))
    .sort((a, b) => b.cosine - a.cosine || a.id - b.id)
  const { mean, deviation, tail } = spread(scan.histogram, scan.total, reader.dimensions)
  return {
    hits,
    cosines: (chunkIds) => reader.cosines(query, chunkIds),
    mean,
    deviation,
    percentile(cosine) {
      if (scan.total === 0) return 0
      // Among the nearest, rank is exact; farther out the codes' distances tell.
      if (!only && hits.length > 0 && cosine >= hits[Math.min(hits.length, 200) - 1]!.cosine) {
        let above = 0
        while (above < hits.length && hits[above]!.cosine > cosine) above++
        return 1 - (above + 0.5) / scan.total
      }
      return tail(cosine)
    },
  }
}

/** The angle between two random-looking vectors is their code distance in half turns: cos(π d / bits) (Charikar 2002). */
function spread(histogram: Uint32Array, total: number, bits: number) {
  let sum = 0
  let squares = 0
  for (let distance = 0; distance < histogram.length; distance++) {
    const cosine = Math.cos((Math.PI * Math.min(distance, bits)) / bits)
    sum += histogram[distance]! * cosine
    squares += histogram[distance]! * cosine * cosine
  }
  const mean = total > 0 ? sum / total : 0
  const variance = total > 0 ? Math.max(0, squares / total - mean * mean) : 0
  return {
    mean,
    deviation: Math.sqrt(variance),
    tail(cosine: number): number {
      const at = Math.round((bits * Math.acos(Math.max(-1, Math.min(1, cosine)))) / Math.PI)
      let farther = 0
      for (let distance = at; distance < histogram.length; distance++) {
        farther += histogram[distance]! * (distance === at ? 0.5 : 1)
      }
      return total > 0 ? farther / total : 0
    },
  }
}
