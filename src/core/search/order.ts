/** What the reranker reads, and the list after it: reranked documents by final score, the rest below as fused. */
import { createBlend, sigmoid } from './blend.ts'
import type { LiveIndex } from './live-index.ts'
import type { Ranked } from './present.ts'
import type { Candidate, Group } from './retrieve.ts'

/** Passages the reranker is given, best first, as far as its time allows; and how many of one document. More find nothing more: docs/decisions/0003. */
const rerankDepth = 150
const rerankPerDocument = 3
const moreShown = 20

export function passagesOf(live: LiveIndex, groups: readonly Group[]): { chunkId: number; text: string }[] {
  const pool: Candidate[] = groups.flatMap((group) => group.candidates.slice(0, rerankPerDocument))
  pool.sort((a, b) => b.fused - a.fused || a.chunkId - b.chunkId)
  const chosen = pool.slice(0, rerankDepth).map((candidate) => candidate.chunkId)
  const rows = live.index.chunks(chosen)
  return chosen.flatMap((chunkId) => {
    const row = rows.get(chunkId)
    return row ? [{ chunkId, text: row.prefix + row.text }] : []
  })
}

export function unranked({ document, copies, candidates }: Group): Ranked {
  const [candidate, ...others] = candidates
  return {
    document,
    copies,
    candidate: candidate!,
    score: null,
    reranked: false,
    rerank: null,
    more: others.slice(0, moreShown).map((other) => other.chunkId),
  }
}

/** Reranked documents by final score, then the rest as fused. */
export function rerankedOrder(
  groups: readonly Group[],
  chunkIds: readonly number[],
  logits: Float32Array,
  calibration: { scale: number; bias: number } | null,
): Ranked[] {
  const order = chunkIds
    .map((chunkId, i) => ({ chunkId, logit: logits[i]! }))
    .sort((a, b) => b.logit - a.logit)
  const scored = new Map(order.map((one, i) => [one.chunkId, { ...one, rank: i + 1 }]))
  const candidates = new Map(
    groups.flatMap((group) => group.candidates.map((one) => [one.chunkId, one] as const)),
  )
  const fusedOf = (chunkId: number): number => candidates.get(chunkId)?.fused ?? 0
  // Without a calibration there is no probability: both scores in standard deviations, and no number is shown.
  const z = standardiser(order.map((one) => one.logit))
  const zFused = standardiser(order.map((one) => fusedOf(one.chunkId)))
  const blend = calibration
    ? createBlend(
        order.map(({ chunkId, logit }) => ({
          logit,
          fused: fusedOf(chunkId),
          share: candidates.get(chunkId)?.keyword?.share ?? 0,
        })),
        calibration,
      )
    : null
  const finalOf = (candidate: Candidate): number | null => {
    const found = scored.get(candidate.chunkId)
    if (!found) return null
    return blend ? blend.sum(found.logit, candidate.fused) : z(found.logit) + zFused(candidate.fused)
  }
  const reranked: { ranked: Ranked; final: number }[] = []
  const rest: Ranked[] = []
  for (const group of groups) {
    let best: Candidate | null = null
    let bestFinal = -Infinity
    for (const candidate of group.candidates) {
      const final = finalOf(candidate)
      if (final !== null && final > bestFinal) {
        best = candidate
        bestFinal = final
      }
    }
    const plain = unranked(group)
    if (!best) {
      rest.push(plain)
      continue
    }
    const found = scored.get(best.chunkId)!
    reranked.push({
      final: bestFinal,
      ranked: {
        ...plain,
        candidate: best,
        score: blend ? blend.probability(bestFinal) : null,
        reranked: true,
        rerank: {
          rank: found.rank,
          score: calibration
            ? sigmoid(calibration.scale * found.logit + calibration.bias)
            : sigmoid(found.logit),
          logit: found.logit,
        },
        more: group.candidates
          .filter((candidate) => candidate !== best)
          .slice(0, moreShown)
          .map((candidate) => candidate.chunkId),
      },
    })
  }
  reranked.sort((a, b) => b.final - a.final || a.ranked.candidate.chunkId - b.ranked.candidate.chunkId)
  return [...reranked.map((one) => one.ranked), ...rest]
}

function standardiser(values: readonly number[]): (value: number) => number {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length)
  const deviation = Math.sqrt(variance) || 1
  return (value) => (value - mean) / deviation
}
