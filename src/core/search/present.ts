/** Ranked groups to hits: passage, context, marks, snippet, and the score of every stage [SE4]. */
import type { Hit } from '../../shared/search.ts'
import type { ChunkRow } from '../store/index/index-reader.ts'
import type { SearchDocument } from './documents.ts'
import type { LiveIndex } from './live-index.ts'
import { makeSnippet, sentenceScores, sentencesOf } from './snippet.ts'
import type { Candidate } from './retrieve.ts'
import { markTerms, matchedWords, type QueryTerms } from './terms.ts'

/** What stands in a list: a candidate with what later stages said of it. */
export interface Ranked {
  document: SearchDocument
  copies: number
  candidate: Candidate
  score: number | null
  reranked: boolean
  rerank: { rank: number; score: number; logit: number } | null
  /** Further chunks of the document. */
  more: number[]
}

export function wordOf(score: number | null): Hit['word'] {
  if (score === null) return null
  if (score >= 0.8) return 'strong'
  if (score >= 0.5) return 'good'
  return score >= 0.2 ? 'possible' : 'weak'
}

/** `firstRank` is the rank of the first one. A chunk that went away meanwhile is left out. */
export function presentHits(
  live: LiveIndex,
  ranked: readonly Ranked[],
  terms: QueryTerms,
  firstRank: number,
): Hit[] {
  const pages = live.index.pages(ranked.flatMap((one) => one.more))
  const hits: Hit[] = []
  for (const one of ranked) {
    const { candidate, document } = one
    const text = live.texts.textOf(candidate.chunkId)
    if (!text) continue
    const { before, chunk, after } = around(
      live,
      candidate.chunkId,
      text.firstChunk,
      text.firstChunk + text.chunks - 1,
    )
    if (!chunk) continue
    const { marks, tokens, present } = markTerms(chunk.text, terms)
    const above = markTerms([document.title, ...chunk.headings].join('\n'), terms)
    const sentences = sentencesOf(chunk.text)
    const scores = sentenceScores(sentences, tokens, terms)
    let best = -1
    for (let i = 0; i < scores.length; i++) if (scores[i]! > (best < 0 ? 0 : scores[best]!)) best = i
    const sentence = best < 0 ? null : sentences[best]!
    // A passage may run over a page's end: the page shown is the one of the sentence that fits best.
    const page = chunk.pages.findLast((one) => one.start <= (sentence?.start ?? 0)) ?? chunk.pages[0]
    hits.push({
      rank: firstRank + hits.length,
      score: one.score,
      word: wordOf(one.score),
      reranked: one.reranked,
      document: {
        id: document.id,
        title: document.title,
        path: document.path,
        kind: document.kind,
        status: document.status,
        date: document.date,
        tags: document.tags,
        connected: document.connected,
        copies: one.copies,
      },
      chunk: {
        id: chunk.id,
        ordinal: chunk.ordinal,
        text: chunk.text,
        headings: chunk.headings,
        page: page?.page ?? chunk.pageStart,
        pageEnd: chunk.pageEnd,
        pageLabel: page && page.label !== String(page.page) ? page.label : null,
        lineStart: chunk.lineStart,
        lineEnd: chunk.lineEnd,
        charStart: chunk.charStart,
        charEnd: chunk.charEnd,
      },
      context: {
        before: before ? before.text.slice(0, before.text.length - chunk.overlapChars) : '',
        after: after ? after.text.slice(after.overlapChars) : '',
      },
      snippet: makeSnippet(chunk.text, marks, sentence),
      marks,
      scores: {
        keyword: candidate.keyword && {
          rank: candidate.keyword.rank,
          score: candidate.keyword.score,
          terms: matchedWords(new Set([...present, ...above.present]), terms),
        },
        semantic: candidate.semantic && {
          rank: candidate.semantic.rank,
          cosine: candidate.semantic.cosine,
          percentile: candidate.semantic.percentile,
        },
        fused: candidate.fused,
        rerank: one.rerank,
      },
      more: one.more.map((chunkId) => ({ chunkId, page: pages.get(chunkId) ?? null })),
    })
  }
  return hits
}

function around(live: LiveIndex, id: number, first: number, last: number) {
  const rows = live.index.chunksBetween(Math.max(first, id - 1), Math.min(last, id + 1))
  const at = (wanted: number): ChunkRow | undefined => rows.find((row) => row.id === wanted)
  return { before: at(id - 1), chunk: at(id), after: at(id + 1) }
}
