/** The query's words as a person reads them, where they stand in a text, and how much of the query a text covers. */
import type { Range } from '../../shared/search.ts'
import { keywordTokens, type Token } from './keyword-tokens.ts'
import { searchedTokens, type QueryToken } from './keyword.ts'

export interface QueryTerms {
  /** Words for "Words: 2 of 3", as typed. */
  words: string[]
  /** Tokens worth marking, with their weight. */
  weights: Map<string, { group: number; idf: number }>
  prefix: string | null
  /** For each of `words`, the tokens of which one (Latin) or all (characters) must be there. */
  needs: { word: string; any: string[]; all: string[] }[]
}

/** A token in more than this share of all chunks marks nothing, unless the query has nothing rarer. */
const commonShare = 0.25

export function queryTerms(
  text: string,
  prefix: string | null,
  tokens: readonly QueryToken[],
  total: number,
): QueryTerms {
  const known = new Map(tokens.map((token) => [token.text, token]))
  const all = searchedTokens(text)
  const weigh = (includeCommon: boolean) => {
    const weights = new Map<string, { group: number; idf: number }>()
    for (const token of all) {
      if (weights.has(token.text)) continue
      const found = known.get(token.text)
      if (found && found.chunks > total * commonShare && !includeCommon) continue
      weights.set(token.text, { group: token.group, idf: Math.max(0.1, found?.idf ?? 1) })
    }
    return weights
  }
  let weights = weigh(false)
  if (weights.size === 0 || ![...weights.keys()].some((token) => (known.get(token)?.chunks ?? 0) > 0))
    weights = weigh(true)

  const needs: QueryTerms['needs'] = []
  const seen = new Set<string>()
  const segmenter = new Intl.Segmenter('zh', { granularity: 'word' })
  let run: Token[] = []
  const add = (word: string, any: string[], every: string[]): void => {
    const folded = word.toLowerCase()
    if (seen.has(folded) || needs.length >= 32) return
    seen.add(folded)
    needs.push({ word, any, all: every })
  }
  const closeRun = (): void => {
    if (run.length === 0) return
    const start = run[0]!.start
    const written = text.slice(start, run.at(-1)!.end)
    // For show only, so it may differ between runtimes; what is searched are the characters and bigrams. Characters it
    // leaves alone (返 + 还) are put together again.
    const words: string[] = []
    let loose = ''
    for (const { segment } of segmenter.segment(written)) {
      if (segment.length === 1) loose += segment
      else {
        words.push(loose, segment)
        loose = ''
      }
    }
    for (const word of [...words, loose]) {
      if (word === '' || (word.length === 1 && run.length > 1)) continue
      const inside = keywordTokens(word)
      const bigrams = inside.filter((token) => token.kind === 'bigram').map((token) => token.text)
      const characters = inside.filter((token) => token.kind === 'character').map((token) => token.text)
      if (characters.length > 0) add(word, [], bigrams.length > 0 ? bigrams : characters)
    }
    run = []
  }
  for (const token of keywordTokens(text)) {
    if (token.kind === 'character') {
      if (run.length > 0 && run.at(-1)!.end !== token.start) closeRun()
      run.push(token)
    } else if (token.kind === 'word') {
      closeRun()
      if (!weights.has(token.text)) continue
      const related = all
        .filter((other) => other.start === token.start && other.end === token.end)
        .map((o) => o.text)
      add(text.slice(token.start, token.end), related, [])
    }
  }
  closeRun()
  return { words: needs.map(({ word }) => word), weights, prefix, needs }
}

/** Where the terms stand in `text`, merged, and which of the query's words these are. */
export function markTerms(
  text: string,
  terms: QueryTerms,
): { marks: Range[]; tokens: Token[]; present: Set<string> } {
  const tokens = keywordTokens(text)
  const present = new Set<string>()
  const ranges: Range[] = []
  for (const token of tokens) {
    present.add(token.text)
    const isPrefix = terms.prefix !== null && token.kind === 'word' && token.text.startsWith(terms.prefix)
    if (isPrefix || terms.weights.has(token.text)) ranges.push([token.start, token.end])
  }
  return { marks: mergeRanges(ranges), tokens, present }
}

export const matchedWords = (present: ReadonlySet<string>, terms: QueryTerms): string[] =>
  terms.needs
    .filter(({ any, all }) =>
      any.length > 0 ? any.some((token) => present.has(token)) : all.every((token) => present.has(token)),
    )
    .map(({ word }) => word)

/** Sorted, with ranges that touch or overlap made one. */
export function mergeRanges(ranges: Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const merged: Range[] = []
  for (const [start, end] of sorted) {
    const last = merged.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged
}
