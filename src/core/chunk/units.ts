/**
 * The text as a row of units that touch: sentences, list lines, table rows, whole code blocks. Before each stands how
 * strong a boundary is there. A unit is taken apart further only when it alone is too large.
 */
import { characterEnds, clauseEnds, sentenceEnds, wordEnds } from './sentences.ts'
import type { NormalisedText } from './types.ts'

export type UnitKind = 'sentence' | 'clause' | 'word' | 'character' | 'row' | 'cells' | 'code' | 'code-line'

export interface Unit {
  /** Range in the text, the white space after it included. */
  start: number
  end: number
  kind: UnitKind
  /** Boundary before it; the smaller the better to cut there. */
  rank: number
  /** Content tokens, without special tokens and prompt. */
  tokens: number
  /** Index of its block. */
  block: number
}

/** 0 to 5: a heading of that level minus one. */
export const rank = {
  block: 6,
  line: 7,
  sentence: 8,
  clause: 9,
  word: 10,
  character: 11,
  afterHeading: 20,
} as const

const wholeKinds = new Set<UnitKind>(['row', 'code', 'code-line', 'word', 'character'])

/** Whole in a chunk unless the model's limit forbids, whatever the target [CH2]. */
export const isWhole = (unit: Unit): boolean => wholeKinds.has(unit.kind)

export type CountContent = (text: string) => number

export function unitsOf({ text, blocks }: NormalisedText, count: CountContent): Unit[] {
  const units: Unit[] = []
  let at = 0
  blocks.forEach((block, number) => {
    const last = number === blocks.length - 1
    const end = last ? text.length : Math.max(at, blocks[number + 1]!.start)
    if (end === at) return
    const afterHeading = number > 0 && blocks[number - 1]!.kind === 'heading'
    const first = afterHeading
      ? rank.afterHeading
      : block.kind === 'heading'
        ? Math.min(Math.max((block.level ?? 1) - 1, 0), 5)
        : rank.block
    const cut = (kind: UnitKind, ends: number[]) =>
      units.push(...divide(text, at, end, ends, kind, first, number, count))
    if (block.kind === 'code') cut('code', [])
    else if (block.kind === 'table') cut('row', lineEnds(text.slice(at, block.end)))
    else if (block.kind === 'heading') cut('sentence', [])
    else cut('sentence', sentenceEnds(text.slice(at, block.end)))
    at = end
  })
  if (at < text.length)
    units.push(...divide(text, at, text.length, [], 'sentence', rank.block, blocks.length - 1, count))
  return units
}

/** Units of the range, cut at `ends` (relative); what is only white space joins the unit before it. */
function divide(
  text: string,
  start: number,
  end: number,
  ends: readonly number[],
  kind: UnitKind,
  firstRank: number,
  block: number,
  count: CountContent,
): Unit[] {
  const units: Unit[] = []
  let from = start
  for (const relative of [...ends, end - start]) {
    const to = Math.min(start + relative, end)
    if (to <= from) continue
    const part = text.slice(from, to).trim()
    const before = units.at(-1)
    if (part === '' && before) before.end = to
    else {
      const inner = kind === 'sentence' && text[from - 1] === '\n' ? rank.line : innerRank[kind]
      units.push({
        start: from,
        end: to,
        kind,
        rank: before ? inner : firstRank,
        tokens: part === '' ? 0 : count(part),
        block,
      })
    }
    from = to
  }
  return units
}

const innerRank: Record<UnitKind, number> = {
  sentence: rank.sentence,
  clause: rank.clause,
  word: rank.word,
  character: rank.character,
  row: rank.line,
  cells: rank.clause,
  code: rank.line,
  'code-line': rank.line,
}

function lineEnds(text: string): number[] {
  return [...text.matchAll(/\n+/g)].map((match) => match.index + match[0].length)
}

function cellEnds(text: string): number[] {
  return [...text.matchAll(/\|\s*/g)].map((match) => match.index + match[0].length)
}

const nextSmaller: Record<UnitKind, { kind: UnitKind; endsOf: (text: string) => number[] } | null> = {
  sentence: { kind: 'clause', endsOf: clauseEnds },
  clause: { kind: 'word', endsOf: wordEnds },
  code: { kind: 'code-line', endsOf: lineEnds },
  'code-line': { kind: 'word', endsOf: wordEnds },
  row: { kind: 'cells', endsOf: cellEnds },
  cells: { kind: 'word', endsOf: wordEnds },
  word: { kind: 'character', endsOf: characterEnds },
  character: null,
}

/** Smaller units of one that is too large. null: it is to stay whole as far as `limit` tokens go, or is a character. */
export function takeApart(text: string, unit: Unit, limit: number, count: CountContent): Unit[] | null {
  for (let kind = unit.kind; ;) {
    if (wholeKinds.has(kind) && unit.tokens <= limit) return null
    const next = nextSmaller[kind]
    if (!next) return null
    const ends = next.endsOf(text.slice(unit.start, unit.end).trimEnd())
    const parts = divide(text, unit.start, unit.end, ends, next.kind, unit.rank, unit.block, count)
    if (parts.length > 1) return parts
    kind = next.kind
  }
}
