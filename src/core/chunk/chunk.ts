/**
 * Text to chunks a model can read whole. Chunks touch, cover every character, and never exceed the model's limit as its
 * own tokenizer counts [CH1 CH2]. Which boundaries are taken is the strategy's; everything else is done here, once.
 */
import { createHash } from 'node:crypto'
import { AppError } from '../../shared/errors.ts'
import { planFixed } from './fixed.ts'
import type { Plan } from './plan.ts'
import { planRecursive } from './recursive.ts'
import { planSemantic } from './semantic.ts'
import { wordEnds } from './sentences.ts'
import { trailOf, trailVersion, type Trail } from './trail.ts'
import type { Chunk, ChunkOptions, Limit, NormalisedLine, NormalisedText } from './types.ts'
import { isWhole, takeApart, unitsOf, type Unit } from './units.ts'

/** Part of the recipe: another version cuts differently. */
export const chunkerVersion = `chunker/1 ${trailVersion}`

/** Of the limit, at most so much is trail. */
const trailShare = 0.3

/** Throws 'internal' when a strategy lacks what it needs; a text without visible characters has no chunks. */
export async function chunkText(document: NormalisedText, options: ChunkOptions): Promise<Chunk[]> {
  const { text, blocks, title } = document
  if (text.trim() === '') return []
  const { maxTokens, strategy, limits = [] } = options
  const overhead = options.countTokens('')
  const room = Math.max(1, maxTokens - overhead)
  const wanted = Math.min(Math.max(1, options.targetTokens - overhead), room)
  const count = (part: string): number => Math.max(0, options.countTokens(part) - overhead)

  const trails = new Map<string, Trail>()
  const trailAt = (unit: Unit): Trail => {
    const headings = blocks[unit.block]?.headings ?? []
    const key = headings.join('\n')
    let trail = trails.get(key)
    if (!trail) {
      trail = trailOf(title, headings, Math.floor(wanted * trailShare), count)
      trails.set(key, trail)
    }
    return trail
  }
  const plan: Plan = {
    target: (unit) => wanted - trailAt(unit).tokens,
    takeApart: (unit) => takeApart(text, unit, room, count),
  }

  const units = unitsOf(document, count)
  let groups: Unit[][]
  if (strategy === 'fixed') groups = planFixed(units, plan)
  else if (strategy === 'recursive') groups = planRecursive(units, plan)
  else {
    if (!options.embedSentences) throw new AppError('internal', 'semantic chunking needs sentence vectors')
    groups = await planSemantic(
      units,
      plan,
      (unit) => text.slice(unit.start, unit.end).trim(),
      options.embedSentences,
    )
  }

  const locate = createLocator(document.lines, document.pageLabels)
  const chunks: Chunk[] = []
  let before: Unit[] = []
  const waiting = groups.toReversed()
  for (let group = waiting.pop(); group; group = waiting.pop()) {
    const first = group[0]!
    const [start, end] = [first.start, group.at(-1)!.end]
    const { headings, prefix } = trailAt(first)
    const made = fit(start, end, prefix, overlapStart(before, group))
    if (!made.fits) {
      // The parts counted less than the whole: halve, and try again. Only a single character is beyond help.
      const parts = group.length > 1 ? group : takeApart(text, first, -1, count)
      if (parts) {
        const middle = Math.ceil(parts.length / 2)
        waiting.push(parts.slice(middle), parts.slice(0, middle))
        continue
      }
    }
    chunks.push({
      ordinal: chunks.length,
      start: made.start,
      end,
      overlapChars: start - made.start,
      text: text.slice(made.start, end),
      headings,
      ...locate(made.start, end),
      tokens: Math.min(made.tokens, maxTokens),
      input: made.input,
      inputHash: createHash('sha256').update(made.input).digest('hex'),
      truncated: !made.fits,
    })
    before = group
  }
  return chunks

  /** The input that fits: with overlap and trail, else without the one, else without both. */
  function fit(start: number, end: number, prefix: string, from: number) {
    let made = { start, input: '', tokens: Infinity, fits: false }
    for (const [begin, trail] of [
      [from, prefix],
      [start, prefix],
      [start, ''],
    ] as const) {
      const body = text.slice(begin, end).trim()
      const input = repeats(trail, body) + body
      const tokens = options.countTokens(input)
      made = { start: begin, input, tokens, fits: tokens <= maxTokens && fitsAll(limits, input) }
      if (made.fits) return made
    }
    return made
  }

  /** Where a chunk begins that shares the end of the one before it. */
  function overlapStart(previous: readonly Unit[], group: readonly Unit[]): number {
    const start = group[0]!.start
    let left = options.overlapTokens
    if (left === 0) return start
    let from = start
    for (let i = previous.length - 1; i >= 0 && left > 0; i--) {
      const unit = previous[i]!
      // Never the whole chunk before: that would be the same chunk grown.
      if (unit.tokens <= left && i > 0) {
        left -= unit.tokens
        from = unit.start
        continue
      }
      if (isWhole(unit) || unit.tokens === 0) break
      const inside = text.slice(unit.start, from)
      const keep = Math.floor((inside.length * left) / unit.tokens)
      const cut = wordEnds(inside).find((end) => end >= inside.length - keep)
      if (cut !== undefined && cut < inside.length) from = unit.start + cut
      break
    }
    return from
  }
}

const fitsAll = (limits: readonly Limit[], input: string): boolean =>
  limits.every((limit) => limit.countTokens(input) <= limit.maxTokens)

/** The trail without the line the text itself begins with, as a chunk that opens with its heading does. */
function repeats(trail: string, body: string): string {
  const lines = trail.split('\n')
  const last = lines.at(-2)
  return last !== undefined && (body === last || body.startsWith(`${last}\n`))
    ? lines
        .slice(0, -2)
        .map((line) => `${line}\n`)
        .join('')
    : trail
}

type Place = Pick<Chunk, 'pageStart' | 'pageEnd' | 'pages' | 'lineStart' | 'lineEnd'>

/** Pages and lines of a range; chunks come in order, so the search goes on from the one before. */
function createLocator(
  lines: readonly NormalisedLine[],
  pageLabels: readonly (string | null)[] = [],
): (start: number, end: number) => Place {
  let at = 0
  return (start, end) => {
    while (at > 0 && lines[at - 1]!.end > start) at--
    while (at < lines.length && lines[at]!.end <= start) at++
    const place: Place = { pageStart: null, pageEnd: null, pages: [], lineStart: null, lineEnd: null }
    for (let i = at; i < lines.length && lines[i]!.start < end; i++) {
      const { page, line } = lines[i]!
      if (page !== null) {
        place.pageStart = Math.min(place.pageStart ?? page, page)
        place.pageEnd = Math.max(place.pageEnd ?? page, page)
        if (place.pages.at(-1)?.page !== page) {
          const label = pageLabels[page - 1] ?? null
          place.pages.push({ start: Math.max(0, lines[i]!.start - start), page, label })
        }
      }
      if (line !== null) {
        place.lineStart = Math.min(place.lineStart ?? line, line)
        place.lineEnd = Math.max(place.lineEnd ?? line, line)
      }
    }
    return place
  }
}
