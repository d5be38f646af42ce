import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fusedScore } from '../../../src/core/search/fuse.ts'
import { createBlend } from '../../../src/core/search/blend.ts'
import { makeSnippet, sentencesOf } from '../../../src/core/search/snippet.ts'

describe('snippet', () => {
  it('finds sentences in both languages', () => {
    const text = 'It rained. Dr. Li (e.g. v1.2) stayed at home!\n他在家。“真的吗？”她问；没人答'
    expect(sentencesOf(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      'It rained.',
      'Dr.',
      'Li (e.g. v1.2) stayed at home!',
      '他在家。',
      '“真的吗？”',
      '她问；',
      '没人答',
    ])
  })

  it('shows the best sentence, with marks that stand where they say', () => {
    const before = 'Nothing of note happens here. '.repeat(20)
    const text = `${before}The deposit is returned within thirty days. ${before}`
    const start = before.length
    const best = { start, end: start + 'The deposit is returned within thirty days.'.length }
    const snippet = makeSnippet(text, [[start + 4, start + 11]], best)
    expect(snippet.marks.map(([from, to]) => snippet.text.slice(from, to))).toEqual(['deposit'])
    expect(snippet.text.slice(...snippet.best!)).toBe('The deposit is returned within thirty days.')
    expect(snippet.text.length).toBeLessThan(300)
  })

  it('stays in bounds for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), fc.nat(), fc.nat(), (text, a, b) => {
        const sentences = sentencesOf(text)
        for (const { start, end } of sentences) expect(start < end && end <= text.length).toBe(true)
        const best = sentences.length > 0 ? sentences[a % sentences.length]! : null
        const mark: [number, number] = text.length > 0 ? [b % text.length, (b % text.length) + 1] : [0, 0]
        const snippet = makeSnippet(text, text.length > 0 ? [mark] : [], best)
        for (const [start, end] of [...snippet.marks, ...(snippet.best ? [snippet.best] : [])]) {
          expect(start >= 0 && start < end && end <= snippet.text.length).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('final score', () => {
  it('[SE4] rises with the sum that orders the list, for any list', () => {
    const list = fc.array(
      fc.record({
        logit: fc.float({ min: -30, max: 30, noNaN: true }),
        fused: fc.float({ min: -12, max: 200, noNaN: true }),
        share: fc.float({ min: 0, max: 3, noNaN: true }),
      }),
      {
        minLength: 1,
        maxLength: 50,
      },
    )
    fc.assert(
      fc.property(list, (passages) => {
        const blend = createBlend(passages, { scale: 1, bias: 0 })
        const sums = passages.map(({ logit, fused }) => blend.sum(logit, fused)).sort((a, b) => b - a)
        const shown = sums.map(blend.probability)
        for (const [i, value] of shown.entries()) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
          if (i > 0) expect(value).toBeLessThanOrEqual(shown[i - 1]!)
        }
      }),
    )
  })

  it('fuses each candidate by itself: more of either evidence never lowers it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: -20, max: 20, noNaN: true }),
        (words, outlier) => {
          const score = fusedScore({ words, outlier })
          expect(fusedScore({ words: words + 0.1, outlier })).toBeGreaterThanOrEqual(score)
          expect(fusedScore({ words, outlier: outlier + 0.1 })).toBeGreaterThanOrEqual(score)
        },
      ),
    )
  })
})
