/** A request to ranked candidates: both legs under the same filters, fused, grouped by document. No text is made here. */
import type { SearchMode } from '../../shared/search.ts'
import { isEmptyFilter, type DocumentFilter, type DocumentLookup, type SearchDocument } from './documents.ts'
import { fusedScore, type FusionWeights } from './fuse.ts'
import { columnWeights, keywordQuery, phraseExpression } from './keyword.ts'
import type { LiveIndex } from './live-index.ts'
import type { ParsedQuery } from './parse.ts'
import { scriptOf, scriptShownIn } from './script.ts'
import { semanticSearch } from './semantic.ts'

/** Chunks each leg brings. */
export const legDepth = 100

export interface Candidate {
  chunkId: number
  sha256: string
  keyword: { rank: number; score: number; share: number } | null
  semantic: { rank: number; cosine: number; percentile: number; outlier: number } | null
  /** In another script than the query; looked at only where both legs are fused. */
  foreign: boolean
  fused: number
}

/** Candidates of one document, best first. */
export interface Group {
  document: SearchDocument
  copies: number
  candidates: Candidate[]
}

export interface Retrieved {
  groups: Group[]
  /** Sum of what the query's words weigh; 0 when it has none. */
  mass: number
}

export interface RetrieveOptions {
  parsed: ParsedQuery
  filter: DocumentFilter
  mode: Exclude<SearchMode, 'exact'>
  /** Unit vector of the live space; null leaves the meaning leg out. */
  vector: Float32Array | null
  depth?: number
  weights?: FusionWeights
  budget?: number
}

export function retrieve(live: LiveIndex, lookup: DocumentLookup, options: RetrieveOptions): Retrieved {
  const { parsed, filter, mode, vector, depth = legDepth, weights, budget } = options
  const only = restriction(live, lookup, parsed, filter)
  if (parsed.text === '' && only && !isEmptyFilter(filter))
    return { groups: browse(live, lookup, filter, only, depth), mass: 0 }
  const query =
    mode === 'semantic' ? null : keywordQuery(parsed.text, parsed.prefix, live.statistics(), budget)
  const words = query?.expression ? live.index.match(query.expression, columnWeights, depth, only) : []
  const meaning =
    mode === 'keyword' || !vector || parsed.text === ''
      ? null
      : semanticSearch(live.vectors, live.codes, vector, only)

  const byId = new Map<number, Candidate>()
  const candidate = (chunkId: number): Candidate | null => {
    const known = byId.get(chunkId)
    if (known) return known
    const text = live.texts.textOf(chunkId)
    if (!text) return null
    const made = { chunkId, sha256: text.sha256, keyword: null, semantic: null, foreign: false, fused: 0 }
    byId.set(chunkId, made)
    return made
  }
  words.forEach(({ id, score }, i) => {
    const found = candidate(id)
    if (found) found.keyword = { rank: i + 1, score, share: query!.mass > 0 ? score / query!.mass : 0 }
  })
  if (meaning) {
    const outlier = (cosine: number) =>
      meaning.deviation > 0 ? (cosine - meaning.mean) / meaning.deviation : 0
    meaning.hits.slice(0, depth).forEach(({ id, cosine }, i) => {
      const found = candidate(id)
      if (found) {
        found.semantic = {
          rank: i + 1,
          cosine,
          percentile: meaning.percentile(cosine),
          outlier: outlier(cosine),
        }
      }
    })
    // What the words found has a place among the meanings too.
    const rankOf = new Map(meaning.hits.map((hit, i) => [hit.id, i + 1]))
    const without = [...byId.values()].filter((found) => !found.semantic).map((found) => found.chunkId)
    for (const [id, cosine] of live.vectors.cosines(vector!, without)) {
      const percentile = meaning.percentile(cosine)
      const rank =
        rankOf.get(id) ?? Math.max(meaning.hits.length + 1, Math.round((1 - percentile) * live.codes.size))
      byId.get(id)!.semantic = { rank, cosine, percentile, outlier: outlier(cosine) }
    }
  }

  const candidates = [...byId.values()]
  const asked = mode === 'hybrid' && meaning ? scriptOf(parsed.text) : null
  const starts = asked
    ? live.index.starts(
        candidates.map((found) => found.chunkId),
        scriptShownIn,
      )
    : null
  for (const found of candidates) {
    const script = scriptOf(starts?.get(found.chunkId) ?? '')
    found.foreign = script !== null && script !== asked
    found.fused =
      mode === 'keyword'
        ? found.keyword!.score
        : mode === 'semantic'
          ? found.semantic!.cosine
          : fusedScore(
              {
                words: found.keyword?.share ?? (query?.expression ? 0 : null),
                outlier: found.semantic?.outlier ?? null,
                foreign: found.foreign,
              },
              weights,
            )
  }
  candidates.sort((a, b) => b.fused - a.fused || a.chunkId - b.chunkId)
  return { groups: group(candidates, lookup, filter), mass: query?.mass ?? 0 }
}

/** Only conditions, no words: what they leave, newest first, each by its first chunk. */
function browse(
  live: LiveIndex,
  lookup: DocumentLookup,
  filter: DocumentFilter,
  only: Uint8Array,
  depth: number,
): Group[] {
  const candidates = live.texts
    .all()
    .filter((text) => only[text.firstChunk] === 1)
    .map((text) => ({
      chunkId: text.firstChunk,
      sha256: text.sha256,
      keyword: null,
      semantic: null,
      foreign: false,
      fused: 0,
    }))
  const groups = group(candidates, lookup, filter)
  return groups
    .sort((a, b) =>
      a.document.date < b.document.date
        ? 1
        : a.document.date > b.document.date
          ? -1
          : a.document.id - b.document.id,
    )
    .slice(0, depth)
}

/** A hit is a document's best chunk; documents of the same bytes are one hit. */
function group(candidates: Candidate[], lookup: DocumentLookup, filter: DocumentFilter): Group[] {
  const documents = lookup.byTexts([...new Set(candidates.map((found) => found.sha256))], filter)
  const groups = new Map<string, Group>()
  for (const found of candidates) {
    const known = groups.get(found.sha256)
    if (known) {
      known.candidates.push(found)
      continue
    }
    const [document, ...copies] = documents.get(found.sha256) ?? []
    if (document) groups.set(found.sha256, { document, copies: copies.length, candidates: [found] })
  }
  return [...groups.values()]
}

/** A byte a chunk id that may answer: filters, "phrases" and -not. null: every chunk. `strict`: a phrase nobody holds leaves nothing. */
export function restriction(
  live: LiveIndex,
  lookup: DocumentLookup,
  parsed: ParsedQuery,
  filter: DocumentFilter,
  strict = false,
): Uint8Array | null {
  let mask = filterMask(live, lookup, filter)
  for (const phrase of parsed.phrases) {
    const expression = phraseExpression(phrase)
    if (!expression) continue
    const next = new Uint8Array(live.texts.idEnd)
    let left = 0
    for (const id of live.index.matchAll(expression)) {
      if (mask && mask[id] !== 1) continue
      next[id] = 1
      left++
    }
    // A phrase that nothing holds would leave nothing: then its words are searched like any others.
    if (left > 0 || strict) mask = next
  }
  for (const word of parsed.not) {
    const expression = phraseExpression(word)
    if (!expression) continue
    // The filter's own mask is kept for the next search.
    mask = mask ? mask.slice() : live.texts.mask(() => true)
    for (const id of live.index.matchAll(expression)) mask[id] = 0
  }
  return mask
}

function filterMask(live: LiveIndex, lookup: DocumentLookup, filter: DocumentFilter): Uint8Array | null {
  return live.remembered(`${lookup.version()} ${JSON.stringify(filter)}`, () => {
    const allowed = isEmptyFilter(filter) ? null : lookup.allowed(filter)
    if (allowed) return live.texts.mask((sha256) => allowed.has(sha256))
    const hidden = lookup.hidden()
    return hidden.size > 0 ? live.texts.mask((sha256) => !hidden.has(sha256)) : null
  })
}
