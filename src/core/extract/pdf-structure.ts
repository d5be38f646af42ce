/**
 * The lines of a whole PDF to blocks: paragraphs by spacing and indent, headings by size and numbering, tables by
 * their gaps. Cautious: a heading missed costs a trail, a heading invented costs every chunk below it.
 */
import { greatest, least, type PageLine } from './pdf-layout.ts'
import type { Block, BlockKind, Line } from './types.ts'

export interface StructuredText {
  blocks: Block[]
  /** Largest text on the first page, where it stands out. */
  largest: string | null
}

interface Group {
  page: number
  lines: PageLine[]
  kind: BlockKind
  /** Lines of a heading share it. */
  size: number
}

export function structure(pages: readonly PageLine[][]): StructuredText {
  const body = bodyOf(pages)
  const groups = pages.flatMap((lines, i) => groupLines(lines, i + 1))
  const headings = groups.filter((group) => isLarge(group, body.size))
  const ranks = [...new Set(headings.map((group) => rounded(group.size)))].sort((a, b) => b - a).slice(0, 5)
  // Where 2 and 2.1 are set alike, the numbers tell which is below the other.
  const shallowest = new Map<number, number>()
  for (const group of headings) {
    const depth = numberDepth(textOf(group))
    const before = shallowest.get(rounded(group.size)) ?? Infinity
    if (depth !== null) shallowest.set(rounded(group.size), Math.min(before, depth))
  }
  const blocks: Block[] = groups.map((group) => {
    const level = headingLevel(group, body, ranks, shallowest)
    return toBlock(group, level)
  })
  return { blocks, largest: largestOnFirstPage(groups, body.size) }
}

const rounded = (size: number) => Math.round(size * 2) / 2
const textOf = (group: Group) => group.lines.map((line) => line.text).join(' ')

/** Size and font most characters are set in. */
function bodyOf(pages: readonly PageLine[][]): { size: number; font: string } {
  const sizes = new Map<number, number>()
  const fonts = new Map<string, number>()
  for (const lines of pages) {
    for (const { size, font, text } of lines) {
      sizes.set(rounded(size), (sizes.get(rounded(size)) ?? 0) + text.length)
      fonts.set(font, (fonts.get(font) ?? 0) + text.length)
    }
  }
  const top = <T>(counts: Map<T, number>, none: T) => [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? none
  return { size: top(sizes, 10), font: top(fonts, '') }
}

const bullet =
  /^\s*(?:[•●▪▫◦■□◆◇▶►‣∙]\s*|[-–—*]\s+|\(?\d{1,3}[.)]\s+|\d{1,2}、|[（(][一二三四五六七八九十\d]{1,3}[)）]|[一二三四五六七八九十]{1,3}、|\[\d{1,3}\]\s*)\S/
const sentenceEnd = /[.!?。！？:：;；][)）"”’」』]*$/

const medianOf = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]

function groupLines(lines: readonly PageLine[], page: number): Group[] {
  const flows = new Map<string, PageLine[]>()
  for (const line of lines) {
    const key = `${line.turn}/${line.flow}`
    const flow = flows.get(key)
    if (flow) flow.push(line)
    else flows.set(key, [line])
  }
  return [...flows.values()].flatMap((flow) => groupFlow(flow, page))
}

function groupFlow(flow: readonly PageLine[], page: number): Group[] {
  const leadings = flow.slice(1).map((line, i) => flow[i]!.baseline - line.baseline)
  const leading = medianOf(leadings.filter((gap, i) => gap > 0 && gap < 3 * flow[i]!.size))
  const left = least(flow.map((line) => line.u0))
  const right = greatest(flow.map((line) => line.u1))
  const hasMargin = hasLeftMargin(flow)
  const tables = tableRows(flow)
  const groups: Group[] = []
  let current: Group | null = null
  for (const [i, line] of flow.entries()) {
    const last = current?.lines.at(-1)
    const kind: BlockKind = tables.has(i) ? 'table' : 'paragraph'
    if (
      current &&
      last &&
      current.kind === kind &&
      (kind === 'table' ? continuesTable(last, line) : continues(current, line))
    ) {
      current.lines.push(line)
      continue
    }
    current = { page, lines: [line], kind, size: line.size }
    groups.push(current)
  }
  return groups

  function continuesTable(last: PageLine, line: PageLine): boolean {
    return last.baseline - line.baseline < 4 * line.size
  }

  function continues(group: Group, line: PageLine): boolean {
    const last = group.lines.at(-1)!
    const size = Math.max(line.size, last.size)
    const gap = last.baseline - line.baseline
    if (Math.abs(line.size - last.size) > 0.1 * size || Math.abs(line.size - group.size) > 0.12 * size)
      return false
    // A few lines say little of their leading; then what print allows at most.
    const most = flow.length >= 4 && leading ? Math.max(leading * 1.35, 1.25 * size) : 1.9 * size
    if (gap > most || gap < -0.2 * size) return false
    if (bullet.test(line.text) && (line.u0 - left < 4 * size || /^\s*[•●▪▫◦■□◆◇▶►‣∙]/.test(line.text)))
      return false
    const indent = line.u0 - last.u0
    const first = group.lines[0]!
    const listItem = bullet.test(first.text)
    if (hasMargin && indent > 0.8 * size && indent < 6 * size && !(listItem && group.lines.length === 1))
      return false
    // Hanging indent: back at the margin after lines that stood further in.
    if (hasMargin && indent < -0.8 * size && group.lines.length >= 2 && line.u0 - first.u0 < 0.5 * size)
      return false
    const room = right - last.u1
    if (room > 0.15 * (right - left) && room > 3 * size && sentenceEnd.test(last.text)) return false
    return true
  }
}

/** Not so in centred and right-aligned text, where an indent means nothing. */
function hasLeftMargin(flow: readonly PageLine[]): boolean {
  const starts = flow.map((line) => line.u0).sort((a, b) => a - b)
  let most = 0
  for (let from = 0, to = 0; to < starts.length; to++) {
    while (starts[to]! - starts[from]! > 3) from++
    most = Math.max(most, to - from + 1)
  }
  return most >= flow.length * 0.4
}

/** Rows of three or more lines in which most have cells: wide gaps, written as tabs by the layout. */
function tableRows(flow: readonly PageLine[]): Set<number> {
  const rows = new Set<number>()
  let from = 0
  for (let i = 0; i <= flow.length; i++) {
    if (i < flow.length && flow[i]!.text.includes('\t')) continue
    const run = flow.slice(from, i)
    const cells = run.reduce((sum, line) => sum + line.text.split('\t').length, 0)
    if (run.length >= 3 || (run.length === 2 && cells >= 6))
      for (let row = from; row < i; row++) rows.add(row)
    from = i + 1
  }
  return rows
}

const leaders = /\.{4,}|(?:\. ){4,}|…{2,}|·{4,}/
const numbered =
  /^(?:(\d{1,2}(?:\.\d{1,2}){0,3})[.、．]?\s+\S|(第\s?[零〇一二三四五六七八九十百\d]{1,5}\s?[编卷部篇章节条])|([IVX]{1,5})\.\s+\S|(chapter|part|appendix|section)\s+[\dIVXA-H]+\b)/i
const known =
  /^(?:abstract|introduction|background|related work|methods?|results?|discussion|conclusions?|references|bibliography|acknowledge?ments?|appendix|摘\s*要|目\s*录|引\s*言|前\s*言|绪\s*论|结\s*论|致\s*谢|附\s*录|参\s*考\s*文\s*献)$/i

function isLarge(group: Group, bodySize: number): boolean {
  const text = textOf(group)
  return (
    group.kind === 'paragraph' &&
    group.size >= bodySize * 1.12 &&
    group.lines.length <= 4 &&
    text.length <= 200 &&
    /\p{L}/u.test(text) &&
    !leaders.test(text) &&
    // Cells of a table's head.
    !/\t.*\t/.test(text)
  )
}

/** 1 for "2 Periods", 2 for "2.1 Letters"; null for a heading without a number. */
function numberDepth(text: string): number | null {
  return /^(\d{1,2}(?:\.\d{1,2}){0,3})[.、．]?\s+\S/.exec(text.trim())?.[1]!.split('.').length ?? null
}

function headingLevel(
  group: Group,
  body: { size: number; font: string },
  ranks: readonly number[],
  shallowest: ReadonlyMap<number, number>,
): number | null {
  const text = textOf(group).trim()
  if (isLarge(group, body.size)) {
    const rank = ranks.indexOf(rounded(group.size))
    const depth = numberDepth(text)
    const below = depth === null ? 0 : depth - (shallowest.get(rounded(group.size)) ?? depth)
    return Math.min(6, (rank < 0 ? ranks.length : rank) + 1 + below)
  }
  if (group.kind !== 'paragraph' || group.lines.length > 2 || text.length > 100 || leaders.test(text))
    return null
  const otherFont = group.lines.every((line) => line.font !== body.font)
  if (group.size < body.size * 0.9 || /[.。,，;；]$/.test(text)) return null
  const base = Math.min(ranks.length, 2)
  if (known.test(text)) return Math.min(6, base + 1)
  const match = otherFont ? numbered.exec(text) : null
  if (!match) return null
  return Math.min(6, base + (match[1] ? match[1].split('.').length : 1))
}

function toBlock(group: Group, level: number | null): Block {
  let at = 0
  const lines: Line[] = group.lines.map(({ text, box }) => {
    const start = at
    at += text.length + 1
    return { start, end: start + text.length, page: group.page, box, line: null }
  })
  const text = group.lines.map((line) => line.text).join('\n')
  const kind =
    level !== null ? 'heading' : group.kind === 'paragraph' && bullet.test(text) ? 'list' : group.kind
  return { kind, level, text, lines }
}

function largestOnFirstPage(groups: Group[], bodySize: number): string | null {
  const candidates = groups.filter(
    (group) => group.page === 1 && group.lines[0]!.turn === 0 && isLarge(group, bodySize),
  )
  const largest = candidates.reduce(
    (best: Group | null, group) => (best && best.size >= group.size - 0.1 ? best : group),
    null,
  )
  if (!largest) return null
  const text = textOf(largest).replace(/\s+/g, ' ').trim()
  return text.length >= 4 || /\p{Script=Han}{2}/u.test(text) ? text : null
}
