/** Where pages stand one under another at some scale, and which point of which page is at an offset. */
import type { PageSize } from './usePdf.ts'

export interface PageLayout {
  count: number
  scale: number
  gapPx: number
  /** In points; 1-based. */
  sizeOf(page: number): PageSize
}

export interface Anchor {
  page: number
  /** How far down the page: 0 its top, 1 its bottom. */
  share: number
}

export const slotHeight = (layout: PageLayout, page: number): number =>
  Math.round(layout.sizeOf(page).height * layout.scale) + layout.gapPx

export function startOf(layout: PageLayout, page: number): number {
  let start = layout.gapPx
  for (let before = 1; before < page; before++) start += slotHeight(layout, before)
  return start
}

export const offsetOf = (layout: PageLayout, { page, share }: Anchor): number =>
  startOf(layout, page) + share * layout.sizeOf(page).height * layout.scale

export function anchorAt(layout: PageLayout, offset: number): Anchor {
  let start = layout.gapPx
  for (let page = 1; page <= layout.count; page++) {
    const height = slotHeight(layout, page)
    if (offset < start + height || page === layout.count) {
      return { page, share: (offset - start) / (layout.sizeOf(page).height * layout.scale) }
    }
    start += height
  }
  return { page: 1, share: 0 }
}
