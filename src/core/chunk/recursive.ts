/**
 * Cuts where the author did: between sections, else blocks, else sentences, clauses, words. What is small stays with its
 * neighbours, and the parts of something large are made about equal, so no chunk is a leftover of three words.
 */
import { tokensOf, type Plan } from './plan.ts'
import type { Unit } from './units.ts'

export function planRecursive(units: readonly Unit[], plan: Plan): Unit[][] {
  const groups: Unit[][] = []
  split(units, plan, groups)
  return groups
}

function split(units: readonly Unit[], plan: Plan, groups: Unit[][]): void {
  const [first] = units
  if (!first) return
  if (tokensOf(units) <= plan.target(first)) return void groups.push([...units])
  if (units.length === 1) {
    const parts = plan.takeApart(first)
    if (parts) split(parts, plan, groups)
    else groups.push([first])
    return
  }
  let strongest = Infinity
  for (let i = 1; i < units.length; i++) strongest = Math.min(strongest, units[i]!.rank)
  const parts: Unit[][] = []
  let from = 0
  for (let i = 1; i <= units.length; i++) {
    if (i < units.length && units[i]!.rank !== strongest) continue
    parts.push(units.slice(from, i))
    from = i
  }
  let small: Unit[][] = []
  for (const part of parts) {
    if (tokensOf(part) <= plan.target(part[0]!)) {
      small.push(part)
      continue
    }
    join(small, plan, groups)
    small = []
    split(part, plan, groups)
  }
  join(small, plan, groups)
}

/** Neighbouring parts that each fit, joined into as few chunks as they need, about equal in size. */
function join(parts: readonly Unit[][], plan: Plan, groups: Unit[][]): void {
  if (parts.length === 0) return
  const sizes = parts.map(tokensOf)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const target = plan.target(parts[0]![0]!)
  const share = total / Math.max(1, Math.ceil(total / target))
  let group: Unit[] = []
  let tokens = 0
  let done = 0
  let number = 1
  parts.forEach((part, i) => {
    const size = sizes[i]!
    const over = group.length > 0 && tokens + size > plan.target(group[0]!)
    const enough = group.length > 0 && done + size / 2 > share * number
    if (over || enough) {
      groups.push(group)
      group = []
      tokens = 0
      number = Math.max(number + 1, Math.floor(done / share) + 1)
    }
    group.push(...part)
    tokens += size
    done += size
  })
  if (group.length > 0) groups.push(group)
}
