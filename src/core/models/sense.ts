/**
 * Whether a model makes sense [MO4]: of the pairs in the languages it claims, in how many the related text beats the
 * unrelated ones. Weights put together wrongly, a wrong pooling or a wrong prompt give vectors that are finite, differ and
 * have length 1, and mean nothing; this is what finds them. Cross-language pairs count only for a model that claims
 * Chinese and English; one that nobody says the languages of is judged by the better of the two.
 */
import type { SelfTestReport } from '../../shared/status.ts'
import { sensePairs, type SensePair } from './sense-pairs.ts'

/** Which of some pairs hold; all of one language. */
export type Sense = (pairs: readonly SensePair[]) => Promise<boolean[]>

/** Of the pairs that count, so many must hold. Random vectors manage one in twenty, random scores one in two. */
export const neededShare = 0.8

/** A related text must be nearer to its query than every other text asked about is: a harder test, at no more cost. */
export const senseOfVectors =
  (embed: (texts: readonly string[], side: 'query' | 'document') => Promise<Float32Array[]>): Sense =>
  async (pairs) => {
    const queries = await embed(
      pairs.map(({ query }) => query),
      'query',
    )
    const related = await embed(
      pairs.map(({ related }) => related),
      'document',
    )
    const unrelated = await embed(
      pairs.map(({ unrelated }) => unrelated),
      'document',
    )
    const cosine = (a: Float32Array, b: Float32Array): number =>
      a.reduce((sum, value, i) => sum + value * b[i]!, 0)
    return queries.map((query, i) => {
      const wanted = cosine(query, related[i]!)
      return (
        unrelated.every((text) => wanted > cosine(query, text)) &&
        related.every((text, other) => other === i || wanted > cosine(query, text))
      )
    })
  }

/** Each pair by itself: every further passage is a further run of the model. */
export const senseOfScores =
  (score: (query: string, passages: readonly string[]) => Promise<Float32Array>): Sense =>
  async (pairs) => {
    const holds: boolean[] = []
    for (const { query, related, unrelated } of pairs) {
      const [high, low] = await score(query, [related, unrelated])
      holds.push(high! > low!)
    }
    return holds
  }

const names: Record<SensePair['language'], string> = {
  zh: 'Chinese',
  en: 'English',
  cross: 'across the two',
}

export async function judgeSense(
  sense: Sense,
  languages: readonly string[],
): Promise<SelfTestReport['checks'][number]> {
  const claims = claimed(languages)
  const known = languages.length > 0
  const groups = (known ? claims : (['zh', 'en'] as const)).slice()
  if (known && claims.length === 2) groups.push('cross')
  if (groups.length === 0) {
    return {
      name: 'sense',
      ok: true,
      figure: null,
      detail: 'not asked: it claims neither Chinese nor English',
    }
  }
  const counts: { language: SensePair['language']; holds: number; of: number }[] = []
  for (const language of groups) {
    const pairs = sensePairs.filter((pair) => pair.language === language)
    const holds = await sense(pairs)
    counts.push({ language, holds: holds.filter(Boolean).length, of: pairs.length })
  }
  const judged = known ? counts : [counts.reduce((best, one) => (one.holds > best.holds ? one : best))]
  const holds = judged.reduce((sum, one) => sum + one.holds, 0)
  const of = judged.reduce((sum, one) => sum + one.of, 0)
  const parts = counts.map((one) => `${names[one.language]} ${one.holds} of ${one.of}`).join(', ')
  return {
    name: 'sense',
    ok: holds >= neededShare * of,
    figure: `${holds} of ${of}`,
    detail: `pairs in which the related text beat the unrelated ones: ${parts}${known ? '' : '; the better one counts, because nobody says what it reads'}`,
  }
}

/** Which of our two languages a model's card names; "multilingual" claims both. */
function claimed(languages: readonly string[]): ('zh' | 'en' | 'cross')[] {
  const all = languages.some((one) => /^(multilingual|mul)$/i.test(one))
  const has = (pattern: RegExp): boolean => all || languages.some((one) => pattern.test(one))
  const claims: ('zh' | 'en' | 'cross')[] = []
  if (has(/^(zh|zho|chi|cmn|yue|chinese)\b/i)) claims.push('zh')
  if (has(/^(en|eng|english)\b/i)) claims.push('en')
  return claims
}
