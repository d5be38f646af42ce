import { describe, expect, test } from 'vitest'
import { anchorAt, offsetOf, startOf, type PageLayout } from '../../../src/renderer/reader/pageLayout.ts'

const layout = (scale: number, tall = 800): PageLayout => ({
  count: 300,
  scale,
  gapPx: 14,
  sizeOf: (page) => (page % 7 === 0 ? { width: 842, height: 595 } : { width: 595, height: tall }),
})

describe('the layout of pages', () => {
  test('an anchor gives back the offset it was taken at', () => {
    for (const offset of [14, 500, 12_345.5, 170_000]) {
      expect(offsetOf(layout(1.26), anchorAt(layout(1.26), offset))).toBeCloseTo(offset, 6)
    }
  })

  test('a zoom keeps the same point of the same page, whatever the gaps add up to', () => {
    const anchor = anchorAt(layout(1), startOf(layout(1), 250) + 400)
    expect(anchor).toEqual({ page: 250, share: 0.5 })
    expect(offsetOf(layout(2), anchor)).toBe(startOf(layout(2), 250) + 800)
  })

  test('learning that earlier pages are taller moves the offset, not the anchor', () => {
    const anchor = anchorAt(layout(1), 100_000)
    expect(offsetOf(layout(1, 900), anchor)).toBeGreaterThan(100_000)
    expect(anchorAt(layout(1, 900), offsetOf(layout(1, 900), anchor))).toEqual({
      page: anchor.page,
      share: expect.closeTo(anchor.share, 9) as number,
    })
  })
})
