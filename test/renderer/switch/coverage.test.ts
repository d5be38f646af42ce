import { expect, test } from 'vitest'
import { coverage } from '../../../src/renderer/switch/coverage.ts'

const of = (han: number, latin: number, other = 0) => ({ han, latin, other })

test.each([
  ['both languages', of(0.3, 0.7), ['zh', 'en'], 'all'],
  ['a few percent of Chinese, and a model of English only', of(0.08, 0.92), ['en'], 'noChinese'],
  ['a trace of Chinese not worth a word', of(0.004, 0.996), ['en'], 'all'],
  ['a few percent of English, and a model of Chinese only', of(0.96, 0.04), ['zh-CN'], 'noLatin'],
  ['a script that no list of languages vouches for', of(0.5, 0.4, 0.1), ['zh', 'en'], 'unsure'],
  ['every script, and a model of many languages', of(0.5, 0.4, 0.1), ['mul'], 'all'],
] as const)('says of %s no more than is so [RE4]', (_what, shares, languages, expected) => {
  expect(coverage(shares, languages)).toBe(expected)
})
