/**
 * What the search thread does: parse, retrieve, put in order, present. It alone reads the index and remembers a few recent
 * searches, so that an order that comes later (the reranker's) needs only the logits.
 */
import { AppError } from '../../shared/errors.ts'
import type { Passage } from '../../shared/contract.ts'
import type { DocumentSummary } from '../../shared/document.ts'
import type { Hit, SearchRequest } from '../../shared/search.ts'
import type { JobContext } from '../threads/rpc.ts'
import type { DocumentFilter, DocumentLookup } from './documents.ts'
import { exactSearch } from './exact.ts'
import { keywordQuery, quote, searchedTokens } from './keyword.ts'
import { openLiveIndex, type LiveIndex } from './live-index.ts'
import { parseQuery, type ParsedQuery } from './parse.ts'
import { presentHits, type Ranked } from './present.ts'
import { passagesOf, rerankedOrder, unranked } from './order.ts'
import { legDepth, retrieve, type Group } from './retrieve.ts'
import { queryTerms, type QueryTerms } from './terms.ts'

const namesShown = 5
/** Searches whose candidates are kept for a later order; several doors may search at once. */
const remembered = 8

export type SearchJobs = ReturnType<typeof createSearchJobs>

export interface Begun {
  id: number
  /** The query without its syntax, which the reranker reads. */
  text: string
  terms: string[]
  hits: Hit[]
  names: DocumentSummary[]
  total: { chunks: number; documents: number } | null
  notes: string[]
  /** What the reranker should read, best first; empty where there is nothing to rerank. */
  passages: { chunkId: number; text: string }[]
}

interface Remembered {
  live: LiveIndex
  groups: Group[]
  terms: QueryTerms
  request: SearchRequest
}

export function createSearchJobs(lookup: DocumentLookup) {
  let live: LiveIndex | null = null
  let generation = -1
  let nextId = 1
  const recent = new Map<number, Remembered>()
  let fields: { version: number; names: Set<string> } | null = null

  /** The index that answers now; follows a switch. */
  function current(): LiveIndex | null {
    const target = lookup.live()
    if (live && (!target || target.generation !== generation || target.indexPath !== live.target.indexPath)) {
      live.close()
      live = null
      recent.clear()
    }
    if (target && !live) {
      live = openLiveIndex(target)
      generation = target.generation
    }
    live?.refresh()
    return live
  }

  function parse(request: SearchRequest): ParsedQuery {
    // Asked for only when the query may hold a condition: it is a pass over all documents.
    if (!/[:：]/.test(request.query)) return parseQuery(request.query, { typing: request.typing })
    const version = lookup.version()
    if (fields?.version !== version) fields = { version, names: lookup.fields() }
    return parseQuery(request.query, { typing: request.typing, fields: fields.names })
  }

  const filterOf = (request: SearchRequest, parsed: ParsedQuery): DocumentFilter => {
    const { filters } = request
    const after = [filters.after, parsed.after]
      .filter((date) => typeof date === 'string')
      .sort()
      .at(-1)
    const before = [filters.before, parsed.before]
      .filter((date) => typeof date === 'string')
      .sort()
      .at(0)
    return {
      ...filters,
      ...(after === undefined ? {} : { after }),
      ...(before === undefined ? {} : { before }),
      conditions: parsed.conditions,
    }
  }

  const page = (ranked: Ranked[], { offset, limit }: SearchRequest): Ranked[] =>
    ranked.slice(offset, offset + limit)

  return {
    /** Opens the index and reads the codes, so that the first search need not. */
    warm(): { chunks: number } {
      return { chunks: current()?.texts.chunks ?? 0 }
    },

    /** What is to be embedded. `space` is the live one's: a vector of another must not be sent. */
    parse(request: SearchRequest): { text: string; space: string | null } {
      return { text: parse(request).text, space: lookup.live()?.space ?? null }
    },

    async begin(
      { request, vector }: { request: SearchRequest; vector: { space: string; values: Float32Array } | null },
      context?: JobContext,
    ): Promise<Begun> {
      // Lets an abort that already stands in the queue be heard: of ten searches typed in a row only the last is worth its time.
      await new Promise((resolve) => setImmediate(resolve))
      if (context?.signal.aborted) throw new AppError('cancelled', 'a newer search took its place')
      const parsed = parse(request)
      const filter = filterOf(request, parsed)
      const notes: string[] = []
      if (parsed.cut) notes.push('query-cut')
      const index = current()
      const names = parsed.text === '' ? [] : findNames(parsed, filter)
      if (!index)
        return {
          id: 0,
          text: parsed.text,
          terms: [],
          hits: [],
          names,
          total: null,
          notes: [...notes, 'index-incomplete'],
          passages: [],
        }
      if (lookup.waiting() > 0 || lookup.live()?.behind) notes.push('index-incomplete')

      const statistics = index.statistics()
      const { tokens } = keywordQuery(parsed.text, parsed.prefix, statistics)
      const terms = queryTerms(parsed.text, parsed.prefix, tokens, statistics.total)
      if (request.mode === 'exact') {
        const { ranked, total } = exactSearch(index, lookup, parsed, filter, request)
        const hits = presentHits(index, ranked, terms, request.offset + 1)
        return { id: 0, text: parsed.text, terms: terms.words, hits, names, total, notes, passages: [] }
      }
      const usable = vector && vector.space === index.target.space ? vector.values : null
      if (!usable && request.mode !== 'keyword' && parsed.text !== '') notes.push('semantic-unavailable')
      const { groups } = retrieve(index, lookup, {
        parsed,
        filter,
        mode: request.mode,
        vector: usable,
        depth: Math.min(2000, Math.max(legDepth, 2 * (request.offset + request.limit))),
      })
      const id = nextId++
      recent.set(id, { live: index, groups, terms, request })
      if (recent.size > remembered) recent.delete(recent.keys().next().value!)
      const hits = presentHits(index, page(groups.map(unranked), request), terms, request.offset + 1)
      return {
        id,
        text: parsed.text,
        terms: terms.words,
        hits,
        names,
        total: null,
        notes,
        passages: parsed.text === '' ? [] : passagesOf(index, groups),
      }
    },

    /** The list in the order of the final score. `logits` belong to the first passages of `begin`, as far as time allowed. */
    order({
      id,
      chunkIds,
      logits,
      calibration,
    }: {
      id: number
      chunkIds: number[]
      logits: Float32Array
      calibration: { scale: number; bias: number } | null
    }): { hits: Hit[]; nothingFits: boolean } {
      const found = recent.get(id)
      if (!found) throw new AppError('cancelled', 'this search is no longer remembered')
      const ranked = rerankedOrder(found.groups, chunkIds, logits, calibration)
      const hits = presentHits(found.live, page(ranked, found.request), found.terms, found.request.offset + 1)
      const nothingFits = calibration !== null && ranked.every((one) => one.score === null || one.score < 0.2)
      return { hits, nothingFits }
    },

    neighbours({ chunkId, before, after }: { chunkId: number; before: number; after: number }): Passage[] {
      const index = current()
      const text = index?.texts.textOf(chunkId)
      if (!index || !text) throw new AppError('not-found', 'this passage is no longer in the index')
      const last = text.firstChunk + text.chunks - 1
      return index.index
        .chunksBetween(Math.max(text.firstChunk, chunkId - before), Math.min(last, chunkId + after))
        .map((chunk) => ({
          id: chunk.id,
          ordinal: chunk.ordinal,
          text: chunk.text,
          headings: chunk.headings,
          page: chunk.pageStart,
          charStart: chunk.charStart,
          charEnd: chunk.charEnd,
        }))
    },

    close(): void {
      live?.close()
      live = null
      lookup.close()
    },
  }

  /** Every word of the query must stand in the name or title; a long question is no name. */
  function findNames(parsed: ParsedQuery, filter: DocumentFilter): DocumentSummary[] {
    const groups = new Map<number, Set<string>>()
    for (const token of searchedTokens(parsed.text.slice(0, 300))) {
      const group = groups.get(token.group) ?? new Set<string>()
      group.add(quote(token.text))
      groups.set(token.group, group)
    }
    if (groups.size === 0 || groups.size > 16) return []
    if (parsed.prefix !== null) {
      const last = [...groups.values()].find((group) => group.has(quote(parsed.prefix!)))
      last?.add(`${quote(parsed.prefix)} *`)
    }
    const expression = [...groups.values()].map((group) => `(${[...group].join(' OR ')})`).join(' AND ')
    return lookup.names(expression, filter, namesShown)
  }
}
