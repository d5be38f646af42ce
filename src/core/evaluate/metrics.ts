/** Measures of ranked lists against judgements, and the bootstrap that says how sure a difference is. */

/** Query id to judged documents; grades above 0 are relevant. */
export type Judgements = Map<string, Map<string, number>>

export interface QueryMetrics {
  ndcg10: number
  mrr10: number
  recall100: number
}

/** nDCG with gain 2^grade - 1 and discount log2(rank + 1), as trec_eval's exponential form; equal to the linear one on 0/1. */
export function ndcg(ranked: readonly string[], grades: ReadonlyMap<string, number>, depth: number): number {
  const gain = (grade: number): number => (grade > 0 ? 2 ** grade - 1 : 0)
  let sum = 0
  for (let i = 0; i < Math.min(depth, ranked.length); i++)
    sum += gain(grades.get(ranked[i]!) ?? 0) / Math.log2(i + 2)
  const ideal = [...grades.values()].sort((a, b) => b - a).slice(0, depth)
  const best = ideal.reduce((total, grade, i) => total + gain(grade) / Math.log2(i + 2), 0)
  return best > 0 ? sum / best : 0
}

export function reciprocalRank(
  ranked: readonly string[],
  grades: ReadonlyMap<string, number>,
  depth: number,
): number {
  const at = ranked.slice(0, depth).findIndex((id) => (grades.get(id) ?? 0) > 0)
  return at < 0 ? 0 : 1 / (at + 1)
}

export function recall(
  ranked: readonly string[],
  grades: ReadonlyMap<string, number>,
  depth: number,
): number {
  const relevant = [...grades].filter(([, grade]) => grade > 0)
  if (relevant.length === 0) return 0
  const top = new Set(ranked.slice(0, depth))
  return relevant.filter(([id]) => top.has(id)).length / relevant.length
}

export const queryMetrics = (
  ranked: readonly string[],
  grades: ReadonlyMap<string, number>,
): QueryMetrics => ({
  ndcg10: ndcg(ranked, grades, 10),
  mrr10: reciprocalRank(ranked, grades, 10),
  recall100: recall(ranked, grades, 100),
})

export function meanMetrics(all: readonly QueryMetrics[]): QueryMetrics {
  const mean = (pick: (one: QueryMetrics) => number): number =>
    all.length > 0 ? all.reduce((sum, one) => sum + pick(one), 0) / all.length : 0
  return {
    ndcg10: mean((one) => one.ndcg10),
    mrr10: mean((one) => one.mrr10),
    recall100: mean((one) => one.recall100),
  }
}

export interface Difference {
  mean: number
  /** 95 % of resampled means lie between. */
  low: number
  high: number
}

/** Paired bootstrap of mean(a - b) over queries. */
export function pairedBootstrap(
  a: readonly number[],
  b: readonly number[],
  samples = 1000,
  seed = 1,
): Difference {
  if (a.length !== b.length) throw new RangeError('a paired bootstrap needs equally many values')
  const n = a.length
  if (n === 0) return { mean: 0, low: 0, high: 0 }
  const differences = a.map((value, i) => value - b[i]!)
  const resampled = (row: (n: number) => number): number => {
    let sum = 0
    for (let i = 0; i < n; i++) sum += differences[row(n)]!
    return sum / n
  }
  return {
    mean: differences.reduce((sum, value) => sum + value, 0) / n,
    ...bootstrap(resampled, samples, seed),
  }
}

/**
 * Between what 95 % of a statistic's resampled values lie (percentiles, Efron 1979). `resampled` computes it of rows drawn
 * with replacement: row(n) is one of n, from 0. The same seed gives the same interval.
 */
export function bootstrap(
  resampled: (row: (n: number) => number) => number,
  samples = 1000,
  seed = 1,
): { low: number; high: number } {
  const random = mulberry32(seed)
  const row = (n: number): number => Math.floor(random() * n)
  const values = Array.from({ length: samples }, () => resampled(row)).sort((x, y) => x - y)
  return {
    low: values[Math.floor(0.025 * samples)]!,
    high: values[Math.min(samples - 1, Math.floor(0.975 * samples))]!,
  }
}

/** A small generator that every platform runs alike. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export interface Calibration {
  /** Mean gap between what was said and what came true, over ten bins of equal width, weighted by their size. */
  expectedError: number
  bins: { from: number; count: number; said: number; true: number }[]
}

/** Expected calibration error (Guo et al. 2017) of probabilities against 0/1 outcomes. */
export function calibrationOf(predictions: readonly { said: number; relevant: boolean }[]): Calibration {
  const bins = Array.from({ length: 10 }, (_, i) => ({ from: i / 10, count: 0, said: 0, true: 0 }))
  for (const { said, relevant } of predictions) {
    const bin = bins[Math.min(9, Math.floor(said * 10))]!
    bin.count++
    bin.said += said
    bin.true += relevant ? 1 : 0
  }
  let error = 0
  for (const bin of bins) {
    if (bin.count === 0) continue
    bin.said /= bin.count
    bin.true /= bin.count
    error += (bin.count / predictions.length) * Math.abs(bin.said - bin.true)
  }
  return { expectedError: error, bins }
}
