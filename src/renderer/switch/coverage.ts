/** Whether a model reads what a library holds, down to a few percent; the engine warns only of a share that matters. */
import type { ReindexEstimate } from '../../shared/reindex.ts'

export const scripts = ['han', 'latin', 'other'] as const
type Script = (typeof scripts)[number]
type Shares = Pick<ReindexEstimate, Script>

/** A share below this is not worth a word. */
const leastShare = 0.005

export const isHere = (shares: Shares, script: Script): boolean => shares[script] >= leastShare

export type Coverage = 'all' | 'noChinese' | 'noLatin' | 'unsure'

export function coverage(shares: Shares, languages: readonly string[]): Coverage {
  if (languages.some((one) => /^mul/i.test(one))) return 'all'
  const reads = (code: string) => languages.some((one) => one.toLowerCase().startsWith(code))
  if (isHere(shares, 'han') && !reads('zh')) return 'noChinese'
  if (isHere(shares, 'latin') && !reads('en')) return 'noLatin'
  // A list of languages does not say which of them another script belongs to.
  return isHere(shares, 'other') ? 'unsure' : 'all'
}
