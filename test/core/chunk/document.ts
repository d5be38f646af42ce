/** A NormalisedText built from parts, as the normaliser would: blocks joined by blank lines, headings above each. */
import type { NormalisedBlock, NormalisedLine, NormalisedText } from '../../../src/core/chunk/types.ts'

export interface Part {
  kind: 'heading' | 'paragraph' | 'list' | 'code' | 'table' | 'quote'
  level?: number
  text: string
}

export function documentOf(parts: readonly Part[], title: string | null = null): NormalisedText {
  const blocks: NormalisedBlock[] = []
  const lines: NormalisedLine[] = []
  const above: { level: number; text: string }[] = []
  let text = ''
  for (const { kind, level = 1, text: part } of parts) {
    if (text !== '') text += '\n\n'
    const start = text.length
    text += part
    if (kind === 'heading') while (above.length > 0 && above.at(-1)!.level >= level) above.pop()
    blocks.push({
      kind,
      level: kind === 'heading' ? level : null,
      start,
      end: text.length,
      headings: above.map((heading) => heading.text),
    })
    if (kind === 'heading') above.push({ level, text: part })
    let at = start
    for (const line of part.split('\n')) {
      lines.push({ start: at, end: at + line.length, page: null, box: null, line: lines.length + 1 })
      at += line.length + 1
    }
  }
  return { normaliser: 'test/1', title, text, blocks, lines }
}
