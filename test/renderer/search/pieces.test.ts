import { describe, expect, test } from 'vitest'
import { pieces } from '../../../src/renderer/search/pieces.ts'

describe('a text cut into pieces for marking', () => {
  test('gives every character once, whatever overlaps', () => {
    const text = 'one two three four'
    const found = pieces(
      text,
      [
        [4, 7],
        [8, 13],
      ],
      [0, 10],
    )
    expect(found.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text)
    expect(
      found
        .filter((piece) => piece.isMark)
        .map(({ start, end }) => text.slice(start, end))
        .join('|'),
    ).toBe('two|th|ree')
    expect(
      found
        .filter((piece) => piece.isBest)
        .map(({ start, end }) => text.slice(start, end))
        .join(''),
    ).toBe('one two th')
  })

  test('ignores ranges outside the text', () => {
    expect(pieces('abc', [[2, 99]], null).map(({ start, end }) => [start, end])).toEqual([
      [0, 2],
      [2, 3],
    ])
  })

  test('of nothing is nothing', () => {
    expect(pieces('', [], null)).toEqual([])
  })
})
