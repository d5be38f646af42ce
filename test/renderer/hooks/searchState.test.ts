import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/shared/errors.ts'
import type { Hit, SearchUpdate } from '../../../src/shared/search.ts'
import { initial, orderOf, reduce } from '../../../src/renderer/hooks/searchState.ts'

const update = (...ids: number[]): SearchUpdate => ({
  stage: 'fused',
  query: 'q',
  terms: [],
  tookMs: 1,
  hits: ids.map((id) => ({ chunk: { id } }) as Hit),
  names: [],
  nothingFits: false,
  total: null,
  notes: [],
})
const shown = (...ids: number[]) => reduce(initial, { type: 'answered', update: update(...ids), key: 'k' })

describe('what the list shows while answers arrive [SE3]', () => {
  test('a better order takes its place silently while the person is not in the list', () => {
    const state = reduce(shown(1, 2), { type: 'improved', update: update(2, 1) })
    expect(orderOf(state.shown!)).toBe('2,1')
    expect(state.better).toBeNull()
  })

  test('a better order waits until it is asked for once the person is in the list', () => {
    const state = reduce(shown(1, 2), { type: 'offered', update: update(2, 1) })
    expect(orderOf(state.shown!)).toBe('1,2')
    expect(orderOf(reduce(state, { type: 'taken' }).shown!)).toBe('2,1')
  })

  test('scores for the same order arrive without asking, since nothing moves', () => {
    const next = update(1, 2)
    const state = reduce(shown(1, 2), { type: 'offered', update: next })
    expect(state.shown).toBe(next)
    expect(state.better).toBeNull()
  })

  test('a new answer drops the better order of the last one', () => {
    const offered = reduce(shown(1, 2), { type: 'offered', update: update(2, 1) })
    expect(reduce(offered, { type: 'answered', update: update(3), key: 'n' }).better).toBeNull()
  })

  test('the next page is added below, without what is there already', () => {
    const state = reduce(shown(1, 2), { type: 'continued', update: update(2, 3), key: 'k' })
    expect(orderOf(state.shown!)).toBe('1,2,3')
  })

  test('a page of another question is not added', () => {
    const state = reduce(shown(1), { type: 'continued', update: update(9), key: 'other' })
    expect(orderOf(state.shown!)).toBe('1')
  })

  test('a cancelled search is no failure', () => {
    expect(reduce(shown(1), { type: 'failed', error: new AppError('cancelled', '') }).error).toBeNull()
    expect(reduce(shown(1), { type: 'failed', error: new AppError('internal', '') }).error?.code).toBe(
      'internal',
    )
  })
})
