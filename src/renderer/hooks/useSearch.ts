/**
 * One question at a time: a new one aborts the one before. The first answer shows at once; a better order replaces it
 * within 250 ms, later only while the person is not in the list, and is otherwise kept until asked for [SE3].
 */
import { useCallback, useEffect, useReducer, useRef } from 'react'
import type { SearchFilters, SearchRequestInput, SearchUpdate } from '../../shared/search.ts'
import { AppError } from '../../shared/errors.ts'
import { asAppError } from '../client.ts'
import { useEngine } from './engine.ts'
import { initial, orderOf, reduce, type SearchState } from './searchState.ts'

export interface Question {
  query: string
  mode: NonNullable<SearchRequestInput['mode']>
  filters: SearchFilters
  sort: NonNullable<SearchRequestInput['sort']>
  /** Still being typed: the last word may be a beginning. */
  typing: boolean
}

export interface Search extends SearchState {
  /** The person moved in the list: rows stay where they are from now on. */
  enter(): void
  takeBetter(): void
  /** Exact mode: the next page. */
  more(): void
  again(): void
}

const typingPauseMs = 120
const silentMs = 250
const pageSize = 30
const exactPageSize = 50

export function useSearch(question: Question): Search {
  const { calls } = useEngine()
  const [state, dispatch] = useReducer(reduce, initial)
  const entered = useRef(false)
  const latest = useRef(state)
  latest.current = state
  const [round, again] = useReducer((count: number) => count + 1, 0)
  const isBlank = question.query.trim() === ''
  const key = JSON.stringify(question)

  useEffect(() => {
    if (isBlank) return dispatch({ type: 'cleared' })
    const controller = new AbortController()
    const timer = setTimeout(() => void run(controller.signal), question.typing ? typingPauseMs : 0)
    return () => {
      clearTimeout(timer)
      controller.abort(new AppError('cancelled', 'a newer search'))
    }

    async function run(signal: AbortSignal): Promise<void> {
      dispatch({ type: 'asked' })
      let shownAt: number | null = null
      try {
        const limit = question.mode === 'exact' ? exactPageSize : pageSize
        for await (const update of await calls.search.run({ ...question, limit }, { signal })) {
          if (signal.aborted) return
          if (shownAt === null) {
            shownAt = performance.now()
            entered.current = false
            dispatch({ type: 'answered', update, key })
          } else {
            const isSilent = performance.now() - shownAt <= silentMs || !entered.current
            dispatch({ type: isSilent ? 'improved' : 'offered', update })
          }
        }
        dispatch({ type: 'done' })
      } catch (error) {
        if (!signal.aborted) dispatch({ type: 'failed', error: asAppError(error) })
      }
    }
    // `key` stands for the question's content.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [calls, key, isBlank, round])

  const more = useCallback(async () => {
    const { shown, key: shownKey } = latest.current
    if (!shown || shownKey !== key) return
    dispatch({ type: 'asked' })
    try {
      let last: SearchUpdate | null = null
      const request = { ...question, typing: false, limit: exactPageSize, offset: shown.hits.length }
      for await (const update of await calls.search.run(request)) last = update
      dispatch({ type: 'continued', update: last, key })
    } catch (error) {
      dispatch({ type: 'failed', error: asAppError(error) })
    }
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [calls, key])

  return {
    ...state,
    enter: useCallback(() => void (entered.current = true), []),
    takeBetter: useCallback(() => dispatch({ type: 'taken' }), []),
    more: () => void more(),
    again,
  }
}

export { orderOf }
