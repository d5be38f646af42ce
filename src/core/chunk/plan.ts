/** What a strategy works with, and what it answers: groups of units that touch, one group a chunk. */
import type { Unit } from './units.ts'

export interface Plan {
  /** Content tokens that fit beside the trail of the unit: what the chunk aims for, and what the model allows. */
  target(unit: Unit): number
  limit(unit: Unit): number
  /** Smaller units of one that is too large; itself when there are none. */
  takeApart(unit: Unit): Unit[]
}

export const tokensOf = (units: readonly Unit[]): number => {
  let sum = 0
  for (const unit of units) sum += unit.tokens
  return sum
}
