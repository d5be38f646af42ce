import { describe, expect, test } from 'vitest'
import type { Hit } from '../../../src/shared/search.ts'
import { toCsv, toMarkdown } from '../../../src/renderer/search/export.ts'

const hit = (title: string, text: string): Hit =>
  ({
    document: { title, path: '/a/b.pdf', date: '2024-03-14T00:00:00Z' },
    chunk: { text, headings: ['One', 'Two'], page: 3, pageLabel: 'iii', lineStart: null, lineEnd: null },
  }) as unknown as Hit

describe('an export of exact hits', () => {
  test('quotes what a comma or a line break would tear apart', () => {
    const [, row] = toCsv([hit('A, "B"', 'two\nlines')]).split('\r\n')
    expect(row).toBe('"A, ""B""",/a/b.pdf,iii,,2024-03-14,One > Two,"two\nlines"')
  })

  test('begins with a byte order mark, so that a spreadsheet reads Chinese', () => {
    expect(toCsv([]).charCodeAt(0)).toBe(0xfeff)
  })

  test('cannot smuggle a formula into a spreadsheet', () => {
    expect(toCsv([hit('=HYPERLINK("x")', '@sum')])).toContain(`"'=HYPERLINK(""x"")"`)
  })

  test('as Markdown quotes each passage with its place', () => {
    expect(toMarkdown('q', [hit('Title', 'a\nb')])).toContain(
      '## Title, p. iii\n\n`/a/b.pdf`\n\nOne > Two\n\n> a\n> b\n',
    )
  })
})
