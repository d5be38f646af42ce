import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { characterEnds, clauseEnds, sentenceEnds, wordEnds } from '../../../src/core/chunk/sentences.ts'

const cut = (ends: (text: string) => number[], text: string): string[] => {
  let from = 0
  return ends(text).map((end) => text.slice(from, (from = end)))
}

describe('sentences', () => {
  test.each([
    ['two plain ones', 'One here. Two there.', ['One here. ', 'Two there.']],
    [
      'a title before a name',
      'Dr. Smith met Mr. Jones. They spoke.',
      ['Dr. Smith met Mr. Jones. ', 'They spoke.'],
    ],
    ['an abbreviation inside', 'Use it, e.g. in Berlin. Fine.', ['Use it, e.g. in Berlin. ', 'Fine.']],
    ['initials', 'J. R. R. Tolkien wrote. He did.', ['J. R. R. Tolkien wrote. ', 'He did.']],
    ['a number with a point', 'It costs 3.50 euro. Cheap!', ['It costs 3.50 euro. ', 'Cheap!']],
    ['a reference', 'See Fig. 3 for it. Then go.', ['See Fig. 3 for it. ', 'Then go.']],
    [
      'a small letter after it',
      'The file index.ts. is small. Yes.',
      ['The file index.ts. is small. ', 'Yes.'],
    ],
    ['a closing quote', '“Go.” He went. "No!" she said.', ['“Go.” ', 'He went. ', '"No!" ', 'she said.']],
    ['Chinese', '今天下雨。我们不去了！好吗？好。', ['今天下雨。', '我们不去了！', '好吗？', '好。']],
    ['Chinese quotes', '他说：“走吧。”然后离开了。', ['他说：“走吧。”', '然后离开了。']],
    ['both languages', '用 Node.js 写。It works. 好。', ['用 Node.js 写。', 'It works. ', '好。']],
    ['lines', 'first\nsecond\n\nthird', ['first\n', 'second\n\n', 'third']],
    ['nothing', '', []],
  ])('%s', (_name, text, expected) => expect(cut(sentenceEnds, text)).toEqual(expected))
})

test('clauses end at commas of both scripts, not inside numbers', () => {
  expect(cut(clauseEnds, '先这样，再那样；then 1,000 of them, and more')).toEqual([
    '先这样，',
    '再那样；',
    'then 1,000 of them, ',
    'and more',
  ])
})

test('a Han character is a word and keeps its closing mark', () => {
  expect(cut(wordEnds, '你好，world wide！ok')).toEqual(['你', '好，', 'world ', 'wide！ok'])
})

test('characters keep their marks, joiners and pairs', () => {
  expect(cut(characterEnds, 'a\u0301👩‍👩‍👧𠮷x')).toEqual(['a\u0301', '👩‍👩‍👧', '𠮷', 'x'])
})

test.each([
  ['sentences', sentenceEnds],
  ['clauses', clauseEnds],
  ['words', wordEnds],
  ['characters', characterEnds],
])('%s cover any text in rising order', (_name, ends) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const all = ends(text)
      expect(all.at(-1) ?? 0).toBe(text.length)
      all.forEach((end, i) => expect(end).toBeGreaterThan(i === 0 ? 0 : all[i - 1]!))
    }),
  )
})
