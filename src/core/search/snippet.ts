/** A few lines around the best sentence of a passage. Ranges are into the snippet's own text. */
import type { Range } from '../../shared/search.ts'
import type { Token } from './keyword-tokens.ts'
import { isPosition } from './keyword-tokens.ts'
import type { QueryTerms } from './terms.ts'

/** Half-width columns of three lines of a result card; a Chinese character takes two. */
const snippetColumns = 260

export interface Sentence {
  start: number
  end: number
}

/** Sentences and lines, without the space around them. Good enough to choose and to underline one. */
export function sentencesOf(text: string): Sentence[] {
  const sentences: Sentence[] = []
  const pattern =
    /[^\n。！？!?；;]*?(?:[。！？；]+[”’」』）)]*|[!?;]+["')\]]*(?=\s|$)|\.["')\]]*(?=\s+[\p{Lu}\d"'(\[“]|\s*$)|\n|$)/gmu
  let at = 0
  while (at < text.length) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    const end =
      match && match.index === at && match[0].length > 0 ? at + match[0].length : nextBreak(text, at)
    let start = at
    let stop = end
    while (start < stop && /\s/.test(text[start]!)) start++
    while (stop > start && /\s/.test(text[stop - 1]!)) stop--
    if (stop > start) sentences.push({ start, end: stop })
    at = Math.max(end, at + 1)
  }
  return sentences
}

function nextBreak(text: string, at: number): number {
  const found = text.indexOf('\n', at + 1)
  return found < 0 ? text.length : found + 1
}

/** What a sentence says of the query: the idf of the distinct words it holds, a little less for length. */
export function sentenceScores(
  sentences: readonly Sentence[],
  tokens: readonly Token[],
  terms: QueryTerms,
): number[] {
  const scores: number[] = []
  let from = 0
  for (const { start, end } of sentences) {
    const best = new Map<number, number>()
    let positions = 0
    while (from < tokens.length && tokens[from]!.end <= start) from++
    for (let i = from; i < tokens.length && tokens[i]!.start < end; i++) {
      const token = tokens[i]!
      if (isPosition(token.kind)) positions++
      const weight = terms.weights.get(token.text)
      if (weight) best.set(weight.group, Math.max(best.get(weight.group) ?? 0, weight.idf))
    }
    const sum = [...best.values()].reduce((a, b) => a + b, 0)
    scores.push(sum / (1 + Math.max(0, positions - 40) / 80))
  }
  return scores
}

export interface Snippet {
  text: string
  marks: Range[]
  best: Range | null
}

/** Cuts `text` around `best` at sentence, else word, ends. Line breaks become spaces, so offsets stay. */
export function makeSnippet(text: string, marks: readonly Range[], best: Sentence | null): Snippet {
  const columns = (from: number, to: number): number => {
    let sum = 0
    for (let i = from; i < to; i++) sum += text.charCodeAt(i) > 0x2e7f ? 2 : 1
    return sum
  }
  let start = best?.start ?? 0
  let end = start
  // A best sentence longer than the card begins shortly before its first mark.
  if (best && columns(best.start, best.end) > snippetColumns) {
    const first = marks.find((mark) => mark[1] > best.start && mark[0] < best.end)
    if (first && columns(best.start, first[1]) > snippetColumns * 0.8)
      start = backTo(text, Math.max(best.start, first[0] - 60))
  }
  let used = 0
  while (end < text.length && used < snippetColumns) used += text.charCodeAt(end++) > 0x2e7f ? 2 : 1
  used = 0
  end = start
  while (end < text.length && used < snippetColumns) used += text.charCodeAt(end++) > 0x2e7f ? 2 : 1
  // What is left of the room goes before the sentence, as far back as fits.
  if (end === text.length)
    while (start > 0 && used < snippetColumns) used += text.charCodeAt(--start) > 0x2e7f ? 2 : 1
  if (start > 0 && best && start < best.start) start = Math.min(best.start, forwardTo(text, start))
  if (end < text.length) end = Math.max(start + 1, backTo(text, end))
  if (isLowSurrogate(text, start)) start--
  if (isLowSurrogate(text, end)) end--

  const lead = start > 0 ? '… ' : ''
  const tail = end < text.length ? ' …' : ''
  const shift = lead.length - start
  const clip = (range: readonly [number, number]): Range | null => {
    const from = Math.max(range[0], start)
    const to = Math.min(range[1], end)
    return to > from ? [from + shift, to + shift] : null
  }
  return {
    text: lead + text.slice(start, end).replace(/[\n\r\t]/g, ' ') + tail,
    marks: marks.map(clip).filter((range) => range !== null),
    best: best ? clip([best.start, best.end]) : null,
  }
}

const isLowSurrogate = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return at > 0 && code >= 0xdc00 && code <= 0xdfff
}

/** The nearest start of a word at or before `at`, within 20 characters; Chinese may be cut anywhere. */
function backTo(text: string, at: number): number {
  for (let i = at; i > Math.max(0, at - 20); i--) {
    if (/\s/.test(text[i - 1]!) || text.charCodeAt(i - 1) > 0x2e7f) return i
  }
  return at
}

function forwardTo(text: string, at: number): number {
  for (let i = at; i < Math.min(text.length, at + 20); i++) {
    if (/\s/.test(text[i]!) || text.charCodeAt(i) > 0x2e7f) return i + (/\s/.test(text[i]!) ? 1 : 0)
  }
  return at
}
