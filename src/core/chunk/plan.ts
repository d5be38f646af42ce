/** What a strategy works with, and what it answers: groups of units that touch, one group a chunk. */
import type { Unit } from './units.ts'

export interface Plan {
  /** Content tokens a chunk that begins with this unit aims for, beside its trail. */
  target(unit: Unit): number
  /** Smaller units of one that is too large; null when it must stay whole and the model can take it, or cannot be cut. */
  takeApart(unit: Unit): Unit[] | null
}

export const tokensOf = (units: readonly Unit[]): number => {
  let sum = 0
  for (const unit of units) sum += unit.tokens
  return sum
}
