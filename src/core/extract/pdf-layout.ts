/**
 * The text items of one PDF page to lines in reading order. pdf.js gives items in the order they were drawn, which
 * need not be the order they are read in (mozilla/pdf.js #17191): so lines and columns are found from where things
 * stand. Rotated and vertical text is turned until it runs left to right, laid out alike, and its boxes turned back.
 */
import type { Box } from './types.ts'

export interface TextItem {
  str: string
  dir: string
  transform: number[]
  width: number
  height: number
  fontName: string
}

export interface FontStyle {
  ascent: number
  descent: number
  vertical: boolean
}

export interface PageGeometry {
  /** From PDF space to the page as shown, y down: pdf.js' viewport at scale 1. */
  transform: number[]
  width: number
  height: number
}

/** One line as read. u runs along the line, v upwards across it; both in points. */
export interface PageLine {
  text: string
  /** On the page as shown, origin bottom left. */
  box: Box
  /** Font size and font of most of its characters. */
  size: number
  font: string
  u0: number
  u1: number
  baseline: number
  /** Lines of one column share a flow; numbered within the page. */
  flow: number
  /** Quarter turns of the text against the page; 3 is also vertical writing. */
  turn: number
}

interface Run {
  text: string
  u0: number
  u1: number
  v0: number
  v1: number
  baseline: number
  size: number
  font: string
  spaceBefore: boolean
  rtl: boolean
  /** Place in the order of drawing. */
  order: number
}

interface Row {
  runs: Run[]
  v0: number
  v1: number
  size: number
}

const han =
  /[\u2e80-\u303f\u3040-\u30ff\u31f0-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff60\u{20000}-\u{3ffff}]/u
const endsHan = (text: string) => han.test(text.slice(-1)) || /[\udc00-\udfff]/.test(text.slice(-1))
const startsHan = (text: string) => han.test(String.fromCodePoint(text.codePointAt(0) ?? 32))

export function layOutPage(
  items: readonly TextItem[],
  styles: Readonly<Record<string, FontStyle>>,
  page: PageGeometry,
): PageLine[] {
  const turns: Run[][] = [[], [], [], []]
  let space = false
  let order = 0
  for (const item of items) {
    if (item.str.trim() === '') {
      space ||= item.str !== '' || item.width > 0
      continue
    }
    const placed = place(item, styles[item.fontName], page)
    if (placed) {
      placed.run.order = order++
      placed.run.spaceBefore = space || /^\s/.test(item.str)
      turns[placed.turn]!.push(placed.run)
    }
    space = /\s$/.test(item.str)
  }
  const byChars = [0, 1, 2, 3].sort((a, b) => chars(turns[b]!) - chars(turns[a]!))
  let flows = 0
  return byChars.flatMap((turn) => {
    const lines: PageLine[] = []
    layOut(turns[turn]!, 0, turn, () => flows++, lines)
    return lines
  })
}

const chars = (runs: Run[]) => runs.reduce((sum, run) => sum + run.text.length, 0)

function place(
  item: TextItem,
  style: FontStyle | undefined,
  page: PageGeometry,
): { run: Run; turn: number } | null {
  const [p0 = 1, p1 = 0, p2 = 0, p3 = -1, p4 = 0, p5 = 0] = page.transform
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = item.transform
  const scale = Math.hypot(p0, p1)
  // Text direction and origin on the page as shown, turned to y up.
  const dx = p0 * a + p2 * b
  const dy = -(p1 * a + p3 * b)
  const x = p0 * e + p2 * f + p4
  const y = page.height - (p1 * e + p3 * f + p5)
  if (![dx, dy, x, y].every(Number.isFinite)) return null
  const vertical = style?.vertical === true
  const size = (vertical ? Math.hypot(a, b) : Math.hypot(c, d)) * scale
  const length = (vertical ? item.height : item.width) * scale
  if (!(size > 0.5) || !Number.isFinite(length)) return null
  const ascent = clamp(style?.ascent, 0.6, 1.1, 0.85)
  const descent = clamp(style?.descent, -0.4, -0.05, -0.2)
  const angle = Math.round((Math.atan2(dy, dx) / Math.PI) * 2)
  const turn = (((vertical ? angle - 1 : angle) % 4) + 4) % 4
  const [u, v] = toTurned(x, y, turn)
  const run = {
    text: item.str.trim(),
    u0: u,
    u1: u + Math.max(length, 0.1),
    // A vertical line's origin is the middle of its column.
    v0: vertical ? v - size / 2 : v + descent * size,
    v1: vertical ? v + size / 2 : v + ascent * size,
    baseline: vertical ? v - size / 2 : v,
    size,
    font: item.fontName,
    spaceBefore: false,
    rtl: item.dir === 'rtl',
    order: 0,
  }
  const [x0, y0, x1, y1] = toPage(run, turn)
  const outside = x1 < -1 || y1 < -1 || x0 > page.width + 1 || y0 > page.height + 1
  return outside ? null : { run, turn }
}

const clamp = (value: number | undefined, low: number, high: number, otherwise: number) =>
  value !== undefined && value >= low && value <= high ? value : otherwise

function toTurned(x: number, y: number, turn: number): [number, number] {
  return turn === 0 ? [x, y] : turn === 1 ? [y, -x] : turn === 2 ? [-x, -y] : [-y, x]
}

function toPage({ u0, u1, v0, v1 }: { u0: number; u1: number; v0: number; v1: number }, turn: number): Box {
  if (turn === 0) return [u0, v0, u1, v1]
  if (turn === 1) return [-v1, u0, -v0, u1]
  if (turn === 2) return [-u1, -v1, -u0, -v0]
  return [v0, -u1, v1, -u0]
}

function layOut(runs: Run[], depth: number, turn: number, nextFlow: () => number, into: PageLine[]): void {
  if (runs.length === 0) return
  const rows = toRows(runs)
  const gutter = depth < 3 ? findGutter(rows) : null
  if (gutter === null) {
    const flow = nextFlow()
    for (const row of rows) into.push(toLine(row, flow, turn))
    return
  }
  let left: Run[] = []
  let right: Run[] = []
  let across: Row[] = []
  const flushColumns = () => {
    layOut(left, depth + 1, turn, nextFlow, into)
    layOut(right, depth + 1, turn, nextFlow, into)
    left = []
    right = []
  }
  const flushAcross = () => {
    if (across.length === 0) return
    const flow = nextFlow()
    for (const row of across) into.push(toLine(row, flow, turn))
    across = []
  }
  for (const [i, row] of rows.entries()) {
    if (isMargin(rows, i) || crosses(row, gutter)) {
      flushColumns()
      across.push(row)
      continue
    }
    flushAcross()
    for (const run of row.runs) (run.u0 + run.u1 < gutter * 2 ? left : right).push(run)
  }
  flushColumns()
  flushAcross()
}

/** First or last row standing apart: a running header or footer, never part of a column. */
function isMargin(rows: Row[], i: number): boolean {
  const row = rows[i]!
  const next = rows[i === 0 ? 1 : i - 1]
  if (!next || (i !== 0 && i !== rows.length - 1)) return false
  const gap = i === 0 ? row.v0 - next.v1 : next.v0 - row.v1
  return gap > row.size
}

function toRows(runs: Run[]): Row[] {
  const middle = (run: Run) => run.v0 + run.v1
  const sorted = [...runs].sort((a, b) => middle(b) - middle(a) || a.u0 - b.u0)
  const rows: Row[] = []
  for (const run of sorted) {
    let joined = false
    for (let i = rows.length - 1; i >= Math.max(0, rows.length - 3); i--) {
      const row = rows[i]!
      const overlap = Math.min(run.v1, row.v1) - Math.max(run.v0, row.v0)
      const ratio = run.size / row.size
      // A drop cap spans lines: it joins its first one and does not widen it.
      if (overlap < 0.5 * Math.min(run.v1 - run.v0, row.v1 - row.v0) || ratio < 0.4) continue
      row.runs.push(run)
      if (ratio > 1 && ratio < 1.8) {
        row.v0 = run.v0
        row.v1 = run.v1
        row.size = run.size
      }
      joined = true
      break
    }
    if (!joined) rows.push({ runs: [run], v0: run.v0, v1: run.v1, size: run.size })
  }
  for (const row of rows) row.runs.sort((a, b) => a.u0 - b.u0)
  return rows.sort((a, b) => b.v0 + b.v1 - a.v0 - a.v1)
}

/** Stretches of a row without a gap that could be a gutter; measured by the smaller text, as a heading may stand there. */
function stretches(row: Row): { u0: number; u1: number }[] {
  const result: { u0: number; u1: number; size: number }[] = []
  for (const run of row.runs) {
    const last = result.at(-1)
    if (last && run.u0 - last.u1 < 0.8 * Math.min(last.size, run.size)) {
      if (run.u1 > last.u1) last.size = run.size
      last.u1 = Math.max(last.u1, run.u1)
    } else result.push({ u0: run.u0, u1: run.u1, size: run.size })
  }
  return result
}

const crosses = (row: Row, u: number) => stretches(row).some((one) => one.u0 < u - 1 && one.u1 > u + 1)

/** Unlike Math.min(...values), any number of them. */
export const least = (values: number[]) => values.reduce((a, b) => (a < b ? a : b), Infinity)
export const greatest = (values: number[]) => values.reduce((a, b) => (a > b ? a : b), -Infinity)

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

/**
 * The u between two columns of prose, or null. Looked for where most rows leave a gap or lie on one side. Both sides
 * must be as full as prose is: a table or a list with labels has gaps too, but is read row by row.
 */
function findGutter(rows: Row[]): number | null {
  if (rows.length < 6) return null
  const parts = rows.map(stretches)
  const left = least(parts.map((row) => row[0]!.u0))
  const right = greatest(parts.map((row) => row.at(-1)!.u1))
  const width = right - left
  const size = median(rows.map((row) => row.size))
  if (width < 24 * size) return null
  let best: { value: number; from: number; to: number } | null = null
  const step = width / 120
  for (let u = left + 0.2 * width; u <= left + 0.8 * width; u += step) {
    let split = 0
    let onlyLeft = 0
    let onlyRight = 0
    for (const row of parts) {
      if (row.some((one) => one.u0 < u - 1 && one.u1 > u + 1)) continue
      const hasLeft = row[0]!.u0 < u
      const hasRight = row.at(-1)!.u1 > u
      if (hasLeft && hasRight) split++
      else if (hasLeft) onlyLeft++
      else onlyRight++
    }
    const value = split + Math.min(onlyLeft, onlyRight)
    if (!best || value > best.value) best = { value, from: u, to: u }
    else if (value === best.value && u - best.to < step * 1.5) best.to = u
  }
  if (!best || best.value < 4 || best.value < rows.length * 0.2) return null
  const gutter = (best.from + best.to) / 2
  const leftParts: { u0: number; u1: number; v0: number; v1: number }[] = []
  const rightParts: typeof leftParts = []
  for (const [i, row] of parts.entries()) {
    if (crosses(rows[i]!, gutter)) continue
    const { v0, v1 } = rows[i]!
    const l = row.filter((one) => one.u0 < gutter)
    const r = row.filter((one) => one.u0 >= gutter)
    if (l.length > 0) leftParts.push({ u0: l[0]!.u0, u1: l.at(-1)!.u1, v0, v1 })
    if (r.length > 0) rightParts.push({ u0: r[0]!.u0, u1: r.at(-1)!.u1, v0, v1 })
  }
  const columnwise = isDrawnByColumn(rows, gutter, best.value)
  for (const column of [leftParts, rightParts]) {
    if (column.length < 4) return null
    const span = greatest(column.map((one) => one.u1)) - least(column.map((one) => one.u0))
    if (span < 9 * size || span < 0.15 * width) return null
    const fill = median(column.map((one) => one.u1 - one.u0)) / span
    if (fill < (columnwise ? 0.3 : 0.55)) return null
  }
  // Columns stand beside each other.
  const top = Math.min(greatest(leftParts.map((one) => one.v1)), greatest(rightParts.map((one) => one.v1)))
  const bottom = Math.max(least(leftParts.map((one) => one.v0)), least(rightParts.map((one) => one.v0)))
  return top - bottom > 4 * size ? gutter : null
}

/** Most programs draw one column after the other, and a table row by row. */
function isDrawnByColumn(rows: Row[], gutter: number, rowsBeside: number): boolean {
  const runs = rows.flatMap((row) => (crosses(row, gutter) ? [] : row.runs)).sort((a, b) => a.order - b.order)
  let switches = 0
  let before: boolean | null = null
  for (const run of runs) {
    const isLeft = run.u0 + run.u1 < gutter * 2
    if (before !== null && isLeft !== before) switches++
    before = isLeft
  }
  return switches <= Math.max(3, rowsBeside * 0.3)
}

function toLine(row: Row, flow: number, turn: number): PageLine {
  const { runs } = row
  const rtl = runs.filter((run) => run.rtl).length > runs.length / 2
  const ordered = rtl ? [...runs].sort((a, b) => b.u1 - a.u1) : runs
  let text = ''
  let last: Run | null = null
  const sizes = new Map<number, number>()
  const fonts = new Map<string, number>()
  for (const run of ordered) {
    if (last) {
      // Bold faked by printing twice.
      if (run.text === last.text && Math.abs(run.u0 - last.u0) < 0.25 * run.size) continue
      const gap = rtl ? last.u0 - run.u1 : run.u0 - last.u1
      const size = Math.max(run.size, last.size)
      const tight = endsHan(text) && startsHan(run.text)
      if (gap > 1.6 * size) text += '\t'
      else if (gap > (tight ? 0.5 : 0.14) * size || (run.spaceBefore && !tight && gap > -0.1 * size))
        text += ' '
    }
    text += run.text
    sizes.set(run.size, (sizes.get(run.size) ?? 0) + run.text.length)
    fonts.set(run.font, (fonts.get(run.font) ?? 0) + run.text.length)
    last = run
  }
  const u0 = least(runs.map((run) => run.u0))
  const u1 = greatest(runs.map((run) => run.u1))
  const v0 = least(runs.map((run) => run.v0))
  const v1 = greatest(runs.map((run) => run.v1))
  const size = most(sizes)
  const baseline = runs.find((run) => run.size === size)!.baseline
  const box = toPage({ u0, u1, v0, v1 }, turn).map((value) => Math.round(value * 100) / 100) as Box
  return { text, box, size, font: most(fonts), u0, u1, baseline, flow, turn }
}

function most<T>(counts: Map<T, number>): T {
  let best: [T, number] | null = null
  for (const entry of counts) if (!best || entry[1] > best[1]) best = entry
  return best![0]
}
