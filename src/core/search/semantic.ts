/** The meaning leg: scan codes, score the best few hundred exactly, say how near a cosine is *for this library*. */
import type { VectorReader } from '../store/vectors/vector-reader.ts'
import type { CodeTable } from './codes.ts'

/** Chunks scored exactly after the scan; recall against exact search is in docs/decisions/0001. A filter that leaves fewer is exact. */
export const rescored = 300

export interface SemanticHit {
  id: number
  cosine: number
}

export interface SemanticResult {
  /** Best first. */
  hits: SemanticHit[]
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
  const scan = codes.scan(query, rescored, only)
  const hits = [...reader.cosines(query, scan.chunkIds)]
    .map(([id, cosine]) => ({ id, cosine }))
    .sort((a, b) => b.cosine - a.cosine || a.id - b.id)
  // Among the nearest the exact rank tells, farther out the scan.
  const surelyBefore = only || hits.length === 0 ? Infinity : hits[Math.floor(hits.length / 2)]!.cosine
  return {
    hits,
    mean: scan.mean,
    deviation: scan.deviation,
    percentile(cosine) {
      if (scan.total === 0) return 0
      if (cosine < surelyBefore) return scan.shareBelow(cosine)
      let above = 0
      while (above < hits.length && hits[above]!.cosine > cosine) above++
      return Math.max(0, 1 - (above + 0.5) / scan.total)
    },
  }
}
