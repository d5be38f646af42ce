/**
 * Two legs to one list. Each candidate gets the log-odds that it answers, from evidence that is absolute, not relative to
 * its own list: the share of the query's idf mass its words cover, and how far its cosine stands out of this library.
 * A leg that has little to say about a query says little about every candidate, and so moves nothing; no rank of a list
 * enters, and the result does not depend on the order of the candidates. The figures that chose this: docs/decisions/0003.
 */

export interface Evidence {
  /** BM25 over the query's idf mass: 0 without a word, near 1 with every word once in a chunk of average length. null: no keyword leg. */
  words: number | null
  /** Standard deviations of the cosine above the library's mean for this query. null: no vector. */
  outlier: number | null
  cosine: number | null
}

export interface FusionWeights {
  words: number
  outlier: number
  cosine: number
}

export const fusionWeights: FusionWeights = { words: 4, outlier: 0.3, cosine: 4 }

export function fusedScore(evidence: Evidence, weights: FusionWeights = fusionWeights): number {
  return (
    weights.words * Math.min(evidence.words ?? 0, 3) +
    weights.outlier * Math.max(-4, Math.min(evidence.outlier ?? 0, 12)) +
    weights.cosine * (evidence.cosine ?? 0)
  )
}
