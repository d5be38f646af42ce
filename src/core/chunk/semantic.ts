/**
 * Cuts where the subject changes: where the sentences before and after are less alike than at most places of this
 * document, and at headings. What is then too large is cut again at its least alike place, what is tiny joins the
 * neighbour it is most like.
 */
import { tokensOf, type Plan } from './plan.ts'
import { rank, type Unit } from './units.ts'

/** Share of the places that count as a change of subject, and the smallest part that stands alone, in targets. */
const changeShare = 0.2
const smallShare = 0.3
/** Sentences on each side that are compared: one alone says too little. */
const window = 2

export async function planSemantic(
  units: readonly Unit[],
  plan: Plan,
  textOf: (unit: Unit) => string,
  embedSentences: (sentences: string[]) => Promise<Float32Array[]>,
): Promise<Unit[][]> {
  const alike = await likenessBefore(units, textOf, embedSentences)
  const inner = alike.filter((_, i) => i > 0 && units[i]!.rank < rank.afterHeading).sort((a, b) => a - b)
  const threshold = inner[Math.floor(inner.length * changeShare)] ?? -Infinity
  const isCut = (i: number) =>
    units[i]!.rank < rank.block || (units[i]!.rank < rank.afterHeading && alike[i]! < threshold)

  let parts: { from: number; to: number }[] = []
  let from = 0
  for (let i = 1; i <= units.length; i++) {
    if (i < units.length && !isCut(i)) continue
    parts.push({ from, to: i })
    from = i
  }
  const sizeOf = ({ from, to }: { from: number; to: number }) => tokensOf(units.slice(from, to))
  parts = joinSmall(parts, sizeOf)

  const groups: Unit[][] = []
  const split = ({ from, to }: { from: number; to: number }): void => {
    const part = units.slice(from, to)
    const [first] = part
    if (!first) return
    if (tokensOf(part) <= plan.target(first)) return void groups.push(part)
    if (part.length === 1) {
      groups.push(...takeApart(first, plan))
      return
    }
    // Not at the very ends, where a cut would leave almost nothing; a heading stays with what follows.
    const total = tokensOf(part)
    let before = 0
    let best = from + 1
    let lowest = Infinity
    for (let i = from + 1; i < to; i++) {
      before += units[i - 1]!.tokens
      const edge = Math.min(before, total - before) / total
      const score = alike[i]! + (edge < 0.2 ? 1 : 0) + (units[i]!.rank === rank.afterHeading ? 2 : 0)
      if (score < lowest) {
        lowest = score
        best = i
      }
    }
    split({ from, to: best })
    split({ from: best, to })
  }
  for (const part of parts) split(part)
  return groups

  function joinSmall(all: typeof parts, size: (part: (typeof parts)[number]) => number): typeof parts {
    const kept: typeof parts = []
    for (const part of all) {
      const before = kept.at(-1)
      const small = Math.min(size(part), before ? size(before) : Infinity)
      const target = plan.target(units[part.from]!)
      const crossesSection = units[part.from]!.rank < rank.block
      if (
        before &&
        small < target * smallShare &&
        size(part) + size(before) <= target &&
        !(crossesSection && small > target * 0.1)
      ) {
        before.to = part.to
      } else kept.push({ ...part })
    }
    return kept
  }
}

/** Parts of one unit that is too large, each filled up to the target. */
function takeApart(unit: Unit, plan: Plan): Unit[][] {
  const parts = plan.takeApart(unit)
  if (!parts) return [[unit]]
  const groups: Unit[][] = []
  let group: Unit[] = []
  for (const part of parts) {
    if (part.tokens > plan.target(part)) {
      if (group.length > 0) groups.push(group)
      group = []
      groups.push(...takeApart(part, plan))
      continue
    }
    if (group.length > 0 && tokensOf(group) + part.tokens > plan.target(group[0]!)) {
      groups.push(group)
      group = []
    }
    group.push(part)
  }
  if (group.length > 0) groups.push(group)
  return groups
}

/** Cosine between the sentences before each unit and those from it on. */
async function likenessBefore(
  units: readonly Unit[],
  textOf: (unit: Unit) => string,
  embedSentences: (sentences: string[]) => Promise<Float32Array[]>,
): Promise<number[]> {
  const vectors = await embedSentences(units.map(textOf))
  return units.map((_, i) => {
    if (i === 0) return 1
    const before = sum(vectors.slice(Math.max(0, i - window), i))
    const after = sum(vectors.slice(i, i + window))
    let dot = 0
    let a = 0
    let b = 0
    for (let at = 0; at < before.length; at++) {
      dot += before[at]! * after[at]!
      a += before[at]! ** 2
      b += after[at]! ** 2
    }
    return a === 0 || b === 0 ? 1 : dot / Math.sqrt(a * b)
  })
}

function sum(vectors: readonly Float32Array[]): Float64Array {
  const total = new Float64Array(vectors[0]?.length ?? 0)
  for (const vector of vectors) for (let i = 0; i < total.length; i++) total[i]! += vector[i]!
  return total
}
