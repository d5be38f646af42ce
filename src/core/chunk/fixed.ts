/** Baseline: so many tokens a chunk, wherever that falls, but never inside a word, a code block or a table row that fits. */
import type { Plan } from './plan.ts'
import { isWhole, type Unit } from './units.ts'

export function planFixed(units: readonly Unit[], plan: Plan): Unit[][] {
  const groups: Unit[][] = []
  let group: Unit[] = []
  let tokens = 0
  const close = () => {
    if (group.length > 0) groups.push(group)
    group = []
    tokens = 0
  }
  // A stack instead of recursion: a unit taken apart puts its parts in its place.
  const waiting = units.toReversed()
  for (let unit = waiting.pop(); unit; unit = waiting.pop()) {
    const first = group[0] ?? unit
    if (tokens + unit.tokens <= plan.target(first)) {
      group.push(unit)
      tokens += unit.tokens
      continue
    }
    if (isWhole(unit) && unit.tokens <= plan.limit(unit)) {
      close()
      groups.push([unit])
      continue
    }
    const parts = plan.takeApart(unit)
    if (parts.length > 1) {
      for (const part of parts.toReversed()) waiting.push(part)
      continue
    }
    close()
    if (unit.tokens > plan.target(unit)) groups.push([unit])
    else {
      group = [unit]
      tokens = unit.tokens
    }
  }
  close()
  return groups
}
