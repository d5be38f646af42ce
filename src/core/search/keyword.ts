/**
 * The keyword leg: query tokens to BM25 over FTS5. Frequent tokens are left out when rarer ones say enough, because BM25
 * costs a pass over every chunk that holds a token; what is left out still counts in what the query asks for (`mass`).
 */
import type { ColumnWeights, IndexReader } from '../store/index/index-reader.ts'
import { isPosition, keywordTokens, type Token } from './keyword-tokens.ts'

export const columnWeights: ColumnWeights = [2, 1.5, 1, 1]

/** Chunks that the searched tokens may touch together; rarest tokens first, one at least. Chosen in docs/decisions/0002. */
export const postingsBudget = 10_000
/** A query has no more distinct tokens than this searched, however long it is. */
const maxTokens = 64

export interface QueryToken {
  text: string
  /** Tokens of one source word share a group. */
  group: number
  chunks: number
  idf: number
  searched: boolean
}

export interface KeywordQuery {
  tokens: QueryToken[]
  expression: string | null
  /** Sum of the idf of all tokens, left out or unknown ones too: the BM25 of a chunk of average length that holds each once. */
  mass: number
}

/** Robertson and Spärck Jones, as FTS5 has it. */
export const idfOf = (chunks: number, total: number): number =>
  Math.max(1e-6, Math.log((total - chunks + 0.5) / (chunks + 0.5)))

/** FTS5 string: quotes doubled. Tokens hold none, and no control characters; this is the second lock on the door. */
export const quote = (token: string): string => `"${token.replaceAll('"', '""')}"`

/** The tokens a query searches: a lone character only where no bigram covers it. */
export function searchedTokens(text: string): (Token & { group: number })[] {
  const all = keywordTokens(text)
  const covered = new Set<number>()
  for (const token of all) {
    if (token.kind !== 'bigram') continue
    covered.add(token.start)
    // The second character of the bigram ends where the bigram ends.
    covered.add(-token.end)
  }
  const groups = new Map<string, number>()
  const kept: (Token & { group: number })[] = []
  for (const token of all) {
    if (token.kind === 'character' && (covered.has(token.start) || covered.has(-token.end))) continue
    // A word, its stem and its pieces are one group; so is each bigram.
    const isWord =
      token.kind === 'word' || token.kind === 'stem' || token.kind === 'whole' || token.kind === 'piece'
    const key = `${isWord ? 'w' : 'c'}${token.start}`
    let group = groups.get(key)
    if (group === undefined) groups.set(key, (group = groups.size))
    kept.push({ ...token, group })
  }
  return kept
}

export interface KeywordStatistics {
  /** Chunks in the index. */
  total: number
  /** Chunks that hold a token. */
  chunksWith(token: string): number
}

/** Counts of the listed frequent terms, and of others by asking once; forgotten when the index changed much. */
export function createStatistics(reader: IndexReader, total: number): KeywordStatistics {
  const frequent = reader.frequentTerms()
  const asked = new Map<string, number>()
  return {
    total,
    chunksWith(token) {
      const listed = frequent.get(token)
      if (listed !== undefined) return listed
      let count = asked.get(token)
      if (count === undefined) {
        if (asked.size > 20_000) asked.clear()
        asked.set(token, (count = reader.count(quote(token))))
      }
      return count
    },
  }
}

export function keywordQuery(
  text: string,
  prefix: string | null,
  statistics: KeywordStatistics,
  budget: number = postingsBudget,
): KeywordQuery {
  const distinct = new Map<string, QueryToken>()
  for (const { text: token, group } of searchedTokens(text)) {
    if (distinct.has(token)) continue
    if (distinct.size >= 4 * maxTokens) break
    const chunks = statistics.chunksWith(token)
    distinct.set(token, { text: token, group, chunks, idf: idfOf(chunks, statistics.total), searched: false })
  }
  const tokens = [...distinct.values()]
  const mass = tokens.reduce((sum, token) => sum + token.idf, 0)

  const present = tokens.filter((token) => token.chunks > 0).sort((a, b) => a.chunks - b.chunks)
  let postings = 0
  let count = 0
  for (const token of present) {
    if (count > 0 && (postings + token.chunks > budget || count >= maxTokens)) break
    token.searched = true
    postings += token.chunks
    count++
  }
  const parts = present.filter((token) => token.searched).map((token) => quote(token.text))
  if (prefix !== null) parts.push(`{title headings words} : ${quote(prefix)} *`)
  return { tokens, expression: parts.length > 0 ? parts.join(' OR ') : null, mass }
}

/** An expression for text that must stand as it is: its positions as one phrase, whole identifiers besides. null: no token. */
export function phraseExpression(text: string, columns = '{title headings words}'): string | null {
  const tokens = keywordTokens(text)
  const positions = tokens.filter((token) => isPosition(token.kind)).map((token) => token.text)
  if (positions.length === 0) return null
  const parts = [`${columns} : ${quote(positions.join(' '))}`]
  for (const token of tokens) if (token.kind === 'whole') parts.push(quote(token.text))
  return parts.join(' AND ')
}
