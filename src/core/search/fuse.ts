/**
 * Two legs to one list. Each candidate gets evidence that is absolute, not relative to its own list: the share of the
 * query's idf mass its words cover, and how many standard deviations its cosine stands out of this library. A leg that has
 * little to say about a query says little about every candidate, and so moves nothing; no rank enters, and the result does
 * not depend on the order of the candidates. Neither scale belongs to a model. The sweep: docs/decisions/0003-fusion.md.
 */

export interface Evidence {
  /** BM25 over the query's idf mass: 0 without a word, near 1 with every word once in a chunk of average length. null: no keyword leg. */
  words: number | null
  /** Standard deviations of the cosine above the library's mean for this query. null: no vector. */
  outlier: number | null
  /** The passage is in another script than the query, so that words in common are not to be expected of it. */
  foreign?: boolean
}

export interface FusionWeights {
  words: number
  /** Above 1, the last words matched count for more than the first: a stray word in common is no evidence. */
  wordsPower: number
  outlier: number
  /** What a passage in another script gets at most for the words it cannot share: never more than it stands out by meaning. */
  foreign: number
}

export const fusionWeights: FusionWeights = { words: 60, wordsPower: 1.5, outlier: 1, foreign: 2 }

/** Beyond these a leg is only more certain of what it said already. */
const mostWords = 3
const mostOutlier = 12

export function fusedScore(evidence: Evidence, weights: FusionWeights = fusionWeights): number {
  const outlier = Math.max(-mostOutlier, Math.min(evidence.outlier ?? 0, mostOutlier))
  return (
    weights.words * Math.min(evidence.words ?? 0, mostWords) ** weights.wordsPower +
    weights.outlier * outlier +
    (evidence.foreign ? Math.max(0, Math.min(weights.foreign, outlier)) : 0)
  )
}
