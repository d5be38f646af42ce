/** Baseline: so many tokens a chunk, wherever that falls, but never inside a word, a code block or a table row that fits. */
import type { Plan } from './plan.ts'
import type { Unit } from './units.ts'

export function planFixed(units: readonly Unit[], plan: Plan): Unit[][] {
  const groups: Unit[][] = []
  let group: Unit[] = []
  let tokens = 0
  // A stack instead of recursion: a unit taken apart puts its parts in its place.
  const waiting = units.toReversed()
  for (let unit = waiting.pop(); unit; unit = waiting.pop()) {
    if (tokens + unit.tokens <= plan.target(group[0] ?? unit)) {
      group.push(unit)
      tokens += unit.tokens
      continue
    }
    const parts = plan.takeApart(unit)
    if (parts) {
      for (const part of parts.toReversed()) waiting.push(part)
      continue
    }
    if (group.length > 0) groups.push(group)
    group = [unit]
    tokens = unit.tokens
  }
  if (group.length > 0) groups.push(group)
  return groups
}
