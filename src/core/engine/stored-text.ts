/** Stored text as the reader needs it: normalised blocks with their places, and the lines under a range of characters. */
import type { ContentBlock, PassageLocation } from '../../shared/contract.ts'
import type { z } from 'zod'
import { normalise } from '../chunk/normalise.ts'
import type { Box, ExtractedText } from '../extract/types.ts'

/** Characters of one answer; a longer document is cut and says so. */
const maxChars = 4_000_000

export function contentOf(text: ExtractedText): {
  source: string | null
  blocks: z.infer<typeof ContentBlock>[]
  cut: boolean
} {
  const normalised = normalise(text)
  const blocks: z.infer<typeof ContentBlock>[] = []
  let line = 0
  let cut = false
  for (const block of normalised.blocks) {
    if (block.end > maxChars) {
      cut = true
      break
    }
    while (line < normalised.lines.length && normalised.lines[line]!.end <= block.start) line++
    let last = line
    while (last + 1 < normalised.lines.length && normalised.lines[last + 1]!.start < block.end) last++
    const first = normalised.lines[line]
    blocks.push({
      kind: block.kind,
      level: block.level,
      text: normalised.text.slice(block.start, block.end),
      page: first?.page ?? null,
      lineStart: first?.line ?? null,
      lineEnd: normalised.lines[last]?.line ?? null,
      charStart: block.start,
    })
  }
  const source = text.source !== null && text.source.length <= maxChars ? text.source : null
  return { source, blocks, cut: cut || (text.source !== null && source === null) }
}

/** Lines that share a character with [start, end), grouped by page. */
export function linesOf(
  text: ExtractedText,
  start: number,
  end: number,
): Pick<PassageLocation, 'lineStart' | 'lineEnd' | 'pages'> {
  const lines = normalise(text).lines.filter((line) => line.start < end && line.end > start)
  const numbers = lines.flatMap((line) => line.line ?? [])
  const pages = new Map<number, Box[]>()
  for (const { page, box } of lines) {
    if (page === null) continue
    const boxes = pages.get(page) ?? []
    if (box) boxes.push(box)
    pages.set(page, boxes)
  }
  return {
    lineStart: numbers.length > 0 ? Math.min(...numbers) : null,
    lineEnd: numbers.length > 0 ? Math.max(...numbers) : null,
    pages: [...pages].map(([page, boxes]) => ({ page, label: text.pages?.[page - 1]?.label ?? null, boxes })),
  }
}
