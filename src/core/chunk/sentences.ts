/** Where sentences, clauses and words end, in Chinese and English. Versioned with the chunker; no Intl.Segmenter, which differs between runtimes. */

/** Ends of sentences in `text`, each with the space after it; the last is the text's length. Empty text has none. */
export function sentenceEnds(text: string): number[] {
  const ends: number[] = []
  // Full-width marks end a sentence by themselves; Latin ones only before white space.
  const marks = /[。！？｡]+[”’」』）】》〉"')\]]*|…{2,}[”’」』]?|[.!?…]+["'”’)\]»]*(?=\s)|\n+/gu
  for (let match = marks.exec(text); match; match = marks.exec(text)) {
    const mark = match[0]
    const at = match.index + mark.length
    if (mark.startsWith('.') && !endsSentence(text, match.index, at)) continue
    const end = skipSpace(text, at)
    if (end > (ends.at(-1) ?? 0) && end < text.length) ends.push(end)
    marks.lastIndex = Math.max(marks.lastIndex, end)
  }
  if (text.length > 0) ends.push(text.length)
  return ends
}

/** Usually followed by a name, a number or the rest of the sentence. Lower case, without the last full stop. */
const abbreviations = new Set(
  (
    'mr mrs ms dr prof st sr jr rev gen sen rep gov capt lt col sgt hon vs etc al cf ca approx resp viz e.g i.e a.m p.m ' +
    'fig figs eq eqs sec ch vol no nos pp p ed eds trans dept univ inc ltd co corp est jan feb mar apr jun jul aug sep sept oct nov dec ' +
    'u.s u.k u.n ph.d m.d b.a m.a d.c'
  ).split(' '),
)

/** Whether the full stop at `dot` ends a sentence, given the text goes on after `after`. */
function endsSentence(text: string, dot: number, after: number): boolean {
  const next = text.slice(skipSpace(text, after), skipSpace(text, after) + 2)
  // A lower-case letter goes on with the sentence.
  if (/^\p{Ll}/u.test(next)) return false
  if (text[dot + 1] === '.') return true
  let start = dot
  while (start > 0 && /[\p{L}.]/u.test(text[start - 1]!) && dot - start < 12) start--
  const word = text.slice(start, dot).toLowerCase()
  // "J. R. R. Tolkien": a lone capital is an initial.
  if (/^\p{Lu}$/u.test(text.slice(start, dot))) return false
  return !abbreviations.has(word)
}

/** Ends of clauses, each with the space after it. */
export function clauseEnds(text: string): number[] {
  const ends: number[] = []
  const marks = /[，；：、][”’」』）]*|[,;:](?=\s)|\s[–—-](?=\s)|——/gu
  for (let match = marks.exec(text); match; match = marks.exec(text)) {
    const end = skipSpace(text, match.index + match[0].length)
    if (end > (ends.at(-1) ?? 0) && end < text.length) ends.push(end)
  }
  if (text.length > 0) ends.push(text.length)
  return ends
}

const words =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}][\p{M}\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]*[，。！？；：、）》」』】”’…]*\s*|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+\s*|\s+/gu

/** Ends of words with the space after them. A Han or Kana character counts as a word, with the marks that close it. */
export function wordEnds(text: string): number[] {
  const ends: number[] = []
  for (const match of text.matchAll(words)) ends.push(match.index + match[0].length)
  return ends
}

/** Ends of characters as people see them: no cut inside a surrogate pair, before a combining mark or around a joiner. */
export function characterEnds(text: string): number[] {
  const ends: number[] = []
  for (const match of text.matchAll(
    /\r\n|\P{M}(?:\p{M}|\p{EMod}|[\u{FE00}-\u{FE0F}]|\u200d\P{M})*|\p{M}/gsu,
  )) {
    ends.push(match.index + match[0].length)
  }
  return ends
}

function skipSpace(text: string, at: number): number {
  while (at < text.length && /\s/.test(text[at]!)) at++
  return at
}
