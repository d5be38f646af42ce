import { describe, expect, test } from 'vitest'
import type { Hit, SearchUpdate } from '../../../src/shared/search.ts'
import { markedStrings, sectionsOf } from '../../../src/renderer/search/sections.ts'

const hit = (id: number, word: Hit['word'], reranked: boolean): Hit =>
  ({ chunk: { id }, word, reranked }) as Hit
const ids = (hits: Hit[]) => hits.map((one) => one.chunk.id)
const update = (hits: Hit[], nothingFits = false) => ({ hits, nothingFits }) as SearchUpdate

describe('the sections of an answer', () => {
  test('weak hits are folded, and what was not read closely stands below the divider', () => {
    const found = sectionsOf(update([hit(1, 'strong', true), hit(2, 'weak', true), hit(3, null, false)]))
    expect([ids(found.main), ids(found.weak), ids(found.unread)]).toEqual([[1], [2], [3]])
  })

  test('only the nearest few are shown when nothing fits', () => {
    const hits = [1, 2, 3, 4, 5, 6, 7].map((id) => hit(id, 'weak', true))
    const found = sectionsOf(update(hits, true))
    expect([ids(found.main), ids(found.weak)]).toEqual([
      [1, 2, 3, 4, 5],
      [6, 7],
    ])
  })

  test('the first answer, not reranked at all, has no divider', () => {
    const found = sectionsOf(update([hit(1, null, false), hit(2, null, false)]))
    expect([ids(found.main), ids(found.unread)]).toEqual([[1, 2], []])
  })
})

test('the marked strings of a passage are given once, longest first', () => {
  const passage = {
    chunk: { text: '模型过拟合，模型' },
    marks: [
      [0, 2],
      [0, 5],
      [6, 8],
    ],
  } as unknown as Hit
  expect(markedStrings(passage)).toEqual(['模型过拟合', '模型'])
})
