/**
 * The one function between raw blocks and everything read from them [EX2]: Unicode forms, ligatures, hyphens at line
 * ends, running headers and footers, line breaks inside paragraphs. Each line keeps its page, box and source line, and
 * every character that is not a space lies in one of them [EX1]. A change here is a new version, and so a reindex.
 */
import type { Block, ExtractedText, Line } from '../extract/types.ts'
import type { NormalisedBlock, NormalisedLine, NormalisedText } from './types.ts'

export const normaliserVersion = 'normalise/1'

export function normalise(text: ExtractedText): NormalisedText {
  const isPdf = text.kind === 'pdf'
  const running = isPdf ? runningLines(text) : new Set<Line>()
  const wrapped = isPdf || text.kind === 'text'
  const hyphens = wrapped ? hyphenator(text.blocks, isPdf) : null
  const title = text.title === null ? null : cleanLine(text.title) || null
  const blocks: NormalisedBlock[] = []
  const lines: NormalisedLine[] = []
  const parts: string[] = []
  let at = 0
  let open: { level: number; text: string }[] = []

  for (const group of joinAcrossPages(text.blocks, running, isPdf)) {
    const written = write(group, running, hyphens)
    if (written.text === '') continue
    const { kind, level } = group[0]!
    if (at > 0) at += 2
    const start = at
    for (const line of written.lines)
      lines.push({ ...line, start: start + line.start, end: start + line.end })
    parts.push(written.text)
    at += written.text.length
    if (kind === 'heading') open = open.filter((heading) => heading.level < (level ?? 1))
    blocks.push({ kind, level, start, end: at, headings: open.map((heading) => heading.text) })
    if (kind === 'heading' && written.text !== title)
      open = [...open, { level: level ?? 1, text: written.text }]
  }
  return {
    normaliser: normaliserVersion,
    title,
    text: parts.join('\n\n'),
    blocks,
    lines,
    ...(text.pages && { pageLabels: text.pages.map((page) => page.label) }),
  }
}

// --- characters ---

/** Characters that stand for several, or for another one, and nothing is lost by writing those. Fullwidth forms stay. */
const compatible =
  /[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufdff\ufe70-\ufefc\u2e9f\u2ef3\u2f00-\u2fd5\u0132\u0133\u01c4-\u01cc]/g
/** Punctuation of vertical writing; the map of its font gives it even where the text is the same. */
const upright = /[\ufe10-\ufe19\ufe30-\ufe44\ufe47\ufe48]/g
const widened = (text: string) =>
  text.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0))
const spaces = /[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g
/** Controls, marks of writing direction, joiners without a glyph; ZWJ and ZWNJ shape emoji and Indic text and stay. */
const invisible =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc]/g
const lineBreaks = /[\n\u000b\u000c\r\u0085\u2028\u2029]/g
const plain = /^[\x20-\x7e]*$/

/** Kept inside code and tables, where tabs and runs of spaces mean something. */
export function cleanCharacters(text: string): string {
  if (plain.test(text)) return text
  return text
    .replace(/\uf0b7/g, '•')
    .replace(lineBreaks, ' ')
    .replace(/[\uf020-\uf0ff]/g, '')
    .replace(invisible, '')
    .toWellFormed()
    .replace(upright, (char) => widened(char.normalize('NFKC')))
    .replace(compatible, (char) => char.normalize('NFKC'))
    .normalize('NFC')
}

const hanClass =
  '\\u2e80-\\u2fdf\\u3005\\u3007\\u3021-\\u3029\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}'
const letterSpaced = new RegExp(`(?<=[${hanClass}]) (?=[${hanClass}])`, 'gu')
const hanPair = new RegExp(`(?<=[${hanClass}])(?=[${hanClass}])`, 'gu')

/** A line of prose: one space between words, none around. */
export function cleanLine(text: string): string {
  const clean = cleanCharacters(text).replace(spaces, ' ').replace(/ {2,}/g, ' ').trim()
  if (plain.test(clean)) return clean
  // 知 识 库: spread over the line by its typesetter. A single space between two words is left alone.
  const spaced = clean.match(letterSpaced)?.length ?? 0
  if (spaced < 2 || spaced <= (clean.match(hanPair)?.length ?? 0)) return clean
  return clean.replace(letterSpaced, '')
}

// --- joining lines ---

/** Scripts written without spaces, and the punctuation set among them. */
const unspaced = new RegExp(
  `[${hanClass}\\u3000-\\u303f\\u3040-\\u30ff\\u31f0-\\u31ff\\uff01-\\uff60\\u2018-\\u201d\\u2026\\u2014\\u0e00-\\u0e7f]`,
  'u',
)
const cjk = new RegExp(
  `[${hanClass}\\u3001-\\u303f\\u3041-\\u3096\\u309b-\\u30ff\\u31f0-\\u31ff\\uff01-\\uff60]`,
  'u',
)

const lastChar = (text: string) => {
  const code = text.codePointAt(text.length - 2)
  return code !== undefined && code > 0xffff ? String.fromCodePoint(code) : text.slice(-1)
}
const firstChar = (text: string) => String.fromCodePoint(text.codePointAt(0) ?? 32)

/** What stands between two lines of a paragraph: nothing where either side is Chinese or Japanese, else a space. */
function separator(before: string, after: string): '' | ' ' {
  const a = lastChar(before)
  const b = firstChar(after)
  if (cjk.test(a) && (cjk.test(b) || unspaced.test(b) || /[\p{L}\p{N}]/u.test(b))) return ''
  if (cjk.test(b) && (unspaced.test(a) || /[\p{L}\p{N}]/u.test(a))) return ''
  return ' '
}

const hyphenAtEnd = /(\p{Script=Latin}+)[-\u2010\u00ad]$/u
const latinAtEnd = /\p{Script=Latin}+$/u
const latinAtStart = /^(\p{Ll}[\p{Script=Latin}\p{M}]*)/u

type Hyphenator = (before: string, after: string) => 'cut' | 'keep' | 'glue' | null

/**
 * Decides what a hyphen at a line end was: of the word (well-known) or of the typesetter (inter-national). The
 * document's own spelling elsewhere decides; else it was the typesetter's, which is by far more often so. Where the
 * typesetter's is a soft hyphen pdf.js drops it, and only a word known from elsewhere tells: docu ment.
 */
function hyphenator(blocks: readonly Block[], softHyphensAreLost: boolean): Hyphenator {
  let words: Map<string, number> | null = null
  return (text, after) => {
    // The block so far; only its last word counts, and a search from its start would take ever longer.
    const before = text.slice(-64)
    const tail = latinAtStart.exec(after)?.[1]
    if (!tail) return null
    const hyphened = hyphenAtEnd.exec(before)?.[1]
    const head = hyphened ?? (softHyphensAreLost ? latinAtEnd.exec(before)?.[0] : undefined)
    if (!head) return null
    words ??= wordsOf(blocks)
    const joined = words.get(`${head}${tail}`.toLowerCase()) ?? 0
    if (hyphened) return joined === 0 && words.has(`${head}-${tail}`.toLowerCase()) ? 'keep' : 'cut'
    // A fragment stands nowhere else by itself, and the whole word does.
    if (joined === 0 || head.length < 2 || tail.length < 2) return null
    return Math.min(words.get(head.toLowerCase()) ?? 0, words.get(tail.toLowerCase()) ?? 0) <= 1
      ? 'glue'
      : null
  }
}

function wordsOf(blocks: readonly Block[]): Map<string, number> {
  const words = new Map<string, number>()
  for (const block of blocks) {
    for (const [found] of block.text.matchAll(/\p{Script=Latin}+(?:-\p{Script=Latin}+)*/gu)) {
      const word = cleanCharacters(found).toLowerCase()
      words.set(word, (words.get(word) ?? 0) + 1)
    }
  }
  return words
}

const marker =
  /^(?:[-*+•●▪▫◦■□◆◇▶►‣∙–—]|\(?\d{1,4}[.)、．]|[（(][\d一二三四五六七八九十]{1,3}[)）]|[一二三四五六七八九十]{1,3}、|\[[ x\d]{1,3}\])/

/** The lines of a group of blocks that read as one. */
function write(
  group: readonly Block[],
  running: ReadonlySet<Line>,
  hyphens: Hyphenator | null,
): { text: string; lines: NormalisedLine[] } {
  const { kind } = group[0]!
  const keepsLines = kind === 'code' || kind === 'table'
  let text = ''
  const lines: NormalisedLine[] = []
  for (const block of group) {
    for (const line of block.lines) {
      if (running.has(line)) continue
      const raw = block.text.slice(line.start, line.end)
      let clean: string
      if (keepsLines) {
        clean = cleanCharacters(raw).trimEnd()
        if (clean.trim() === '') {
          // Blank lines inside code stay; they belong to no source line's words.
          if (text !== '' && kind === 'code') text += '\n'
          continue
        }
        if (text !== '') text += '\n'
      } else {
        clean = cleanLine(raw)
        if (clean === '') continue
        if (kind === 'list' && /^\s/.test(raw) && marker.test(clean)) clean = indentOf(raw) + clean
        if (text !== '') {
          const hyphen = hyphens?.(text, clean)
          if (hyphen === 'cut') {
            text = text.slice(0, -1)
            const last = lines.at(-1)!
            last.end = Math.min(last.end, text.length)
          } else if (kind === 'list' && marker.test(clean.trimStart())) text += '\n'
          else if (hyphen === null || hyphen === undefined) text += separator(text, clean)
        }
      }
      const start = text.length + (clean.length - clean.trimStart().length)
      text += clean
      lines.push({ start, end: text.length, page: line.page, box: line.box, line: line.line })
    }
  }
  const trimmed = text.trimEnd()
  return { text: trimmed, lines }
}

/** Nesting of a list item, two spaces a level, eight levels at most. */
const indentOf = (raw: string) => ' '.repeat(Math.min(16, (/^ */.exec(raw)?.[0].length ?? 0) & ~1))

// --- paragraphs cut by a page or column ---

const endsSentence = /[.!?。！？:：;；…][)）"”’」』\]]*\s*$/

/**
 * A paragraph that ends without a full stop goes on in the next column or on the next page, where the next
 * paragraph begins like the middle of a sentence. Running lines in between do not part them.
 */
function joinAcrossPages(blocks: readonly Block[], running: ReadonlySet<Line>, isPdf: boolean): Block[][] {
  if (!isPdf) return blocks.map((block) => [block])
  const groups: Block[][] = []
  for (const block of blocks) {
    if (block.lines.every((line) => running.has(line))) continue
    const last = groups.at(-1)
    if (last && continuesInto(last.at(-1)!, block, running)) last.push(block)
    else groups.push([block])
  }
  return groups
}

function continuesInto(a: Block, b: Block, running: ReadonlySet<Line>): boolean {
  if ((a.kind !== 'paragraph' && a.kind !== 'list') || b.kind !== 'paragraph') return false
  const last = a.lines.findLast((line) => !running.has(line))
  const first = b.lines.find((line) => !running.has(line))
  if (!last?.box || !first?.box || last.page === null || first.page === null) return false
  const turned = first.page === last.page + 1 || (first.page === last.page && first.box[1] > last.box[3])
  if (!turned) return false
  // Text of another size is a footnote or a caption.
  const height = (line: Line) => line.box![3] - line.box![1]
  if (Math.abs(height(last) - height(first)) > 0.15 * height(last)) return false
  const before = cleanLine(a.text.slice(last.start, last.end))
  const after = cleanLine(b.text.slice(first.start, first.end))
  if (before === '' || after === '' || endsSentence.test(before)) return false
  // Only a full line runs on: not a heading, a cell, a list entry. Of a single line its own length has to tell.
  const widest = a.lines.reduce(
    (widest, line) => Math.max(widest, line.box ? line.box[2] - line.box[0] : 0),
    0,
  )
  const width = last.box[2] - last.box[0]
  if (a.lines.length < 2 ? width < 20 * height(last) : width < 0.85 * widest) return false
  return (
    /^\p{Ll}/u.test(after) ||
    (cjk.test(firstChar(after)) && cjk.test(lastChar(before)) && !marker.test(after))
  )
}

// --- running headers and footers ---

/** Share of the page's height, at top and bottom, where running lines stand. */
const marginShare = 0.13
/** The outermost lines looked at, at either end. */
const marginLines = 3

interface MarginLine {
  line: Line
  page: number
  y: number
}

/**
 * Lines that come back at the same height with the same words, digits aside: on three pages or more, and on at least
 * two of five pages between the first and last of them (left and right pages may differ, chapters may change).
 * None where most pages would have no other text.
 */
function runningLines(text: ExtractedText): Set<Line> {
  const running = new Set<Line>()
  const { pages } = text
  if (!pages || pages.length < 3) return running
  const byPage = new Map<number, { line: Line; text: string }[]>()
  for (const block of text.blocks) {
    for (const line of block.lines) {
      if (line.page === null || !line.box) continue
      const entry = { line, text: block.text.slice(line.start, line.end) }
      const page = byPage.get(line.page)
      if (page) page.push(entry)
      else byPage.set(line.page, [entry])
    }
  }
  const groups = new Map<string, MarginLine[]>()
  for (const [page, entries] of byPage) {
    const height = pages[page - 1]?.heightPoints ?? 0
    if (height <= 0) continue
    const sorted = entries.sort((a, b) => b.line.box![1] - a.line.box![1])
    const candidates: [string, { line: Line; text: string }][] = [
      ...sorted
        .slice(0, marginLines)
        .filter(({ line }) => line.box![1] > height * (1 - marginShare))
        .map((one) => ['top', one] as [string, typeof one]),
      ...sorted
        .slice(-marginLines)
        .filter(({ line }) => line.box![3] < height * marginShare)
        .map((one) => ['bottom', one] as [string, typeof one]),
    ]
    for (const [side, { line, text }] of candidates) {
      const key = `${side}:${skeleton(text)}`
      const entry = { line, page, y: line.box![1] }
      const group = groups.get(key)
      if (group) group.push(entry)
      else groups.set(key, [entry])
    }
  }
  for (const group of groups.values()) {
    group.sort((a, b) => a.y - b.y)
    for (let from = 0, to = 1; from < group.length; to++) {
      if (to < group.length && group[to]!.y - group[to - 1]!.y < 4) continue
      const alike = group.slice(from, to)
      const on = new Set(alike.map((entry) => entry.page))
      const first = alike.reduce((least, { page }) => Math.min(least, page), Infinity)
      const last = alike.reduce((most, { page }) => Math.max(most, page), 0)
      if (on.size >= 3 && on.size >= 0.4 * (last - first + 1)) for (const { line } of alike) running.add(line)
      from = to
    }
  }
  // Pages that would be left empty, most of them, are a register or slides of one line each: that line is the text.
  const emptied = [...byPage.values()].filter((entries) => entries.every(({ line }) => running.has(line)))
  return emptied.length * 2 > byPage.size ? new Set() : running
}

/** Words of a running line with its changing numbers taken out. */
function skeleton(text: string): string {
  const clean = cleanLine(text).toLowerCase()
  if (/^[-–—\s.·|]*(?:[ivxlc]+|\d+)[-–—\s.·|]*$/.test(clean)) return '#'
  return clean
    .replace(/\d+/g, '#')
    .replace(/第\s?[零〇一二三四五六七八九十百]+\s?页/g, '第#页')
    .replace(/\s+/g, '')
}
