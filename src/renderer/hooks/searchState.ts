/** What the list shows while answers arrive: a plain reducer, so that the rules can be read and tested alone. */
import type { AppError } from '../../shared/errors.ts'
import type { SearchUpdate } from '../../shared/search.ts'

export interface SearchState {
  shown: SearchUpdate | null
  /** A better order the person has not taken yet. */
  better: SearchUpdate | null
  /** Which question `shown` answers. */
  key: string | null
  working: boolean
  /** Exact mode: the last page brought nothing new. */
  ended: boolean
  error: AppError | null
}

export type SearchAction =
  | { type: 'cleared' }
  | { type: 'asked' }
  | { type: 'answered'; update: SearchUpdate; key: string }
  /** May take the place of what is shown. */
  | { type: 'improved'; update: SearchUpdate }
  /** The person is in the list: rows stay. */
  | { type: 'offered'; update: SearchUpdate }
  | { type: 'taken' }
  | { type: 'continued'; update: SearchUpdate | null; key: string }
  | { type: 'done' }
  | { type: 'failed'; error: AppError }

export const initial: SearchState = {
  shown: null,
  better: null,
  key: null,
  working: false,
  ended: false,
  error: null,
}

export const orderOf = (update: SearchUpdate): string => update.hits.map((hit) => hit.chunk.id).join()

export function reduce(state: SearchState, action: SearchAction): SearchState {
  switch (action.type) {
    case 'cleared':
      return initial
    case 'asked':
      return { ...state, working: true, error: null }
    case 'answered':
      return {
        ...state,
        shown: action.update,
        better: null,
        key: action.key,
        working: true,
        ended: false,
        error: null,
      }
    case 'improved':
      return { ...state, shown: action.update, better: null }
    case 'offered': {
      // The same rows in the same places: only their scores arrive, and nothing moves.
      const isSameOrder = state.shown && orderOf(state.shown) === orderOf(action.update)
      return isSameOrder
        ? { ...state, shown: action.update, better: null }
        : { ...state, better: action.update }
    }
    case 'taken':
      return state.better ? { ...state, shown: state.better, better: null } : state
    case 'continued': {
      if (!action.update || !state.shown || state.key !== action.key) return { ...state, working: false }
      const known = new Set(state.shown.hits.map((hit) => hit.chunk.id))
      const added = action.update.hits.filter((hit) => !known.has(hit.chunk.id))
      const hits = [...state.shown.hits, ...added]
      return { ...state, working: false, ended: added.length === 0, shown: { ...state.shown, hits } }
    }
    case 'done':
      return { ...state, working: false }
    case 'failed':
      return action.error.code === 'cancelled'
        ? { ...state, working: false }
        : { ...state, working: false, error: action.error }
  }
}
