import fc from 'fast-check'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cleanLine, normalise, normaliserVersion } from '../../../src/core/chunk/normalise.ts'
import type { NormalisedText } from '../../../src/core/chunk/types.ts'
import { extractFile } from '../../../src/core/extract/extract.ts'
import type { Block, BlockKind, Box, ExtractedText } from '../../../src/core/extract/types.ts'

const extracted = (
  kind: 'pdf' | 'markdown' | 'text',
  blocks: Block[],
  pages = 0,
  title: string | null = null,
): ExtractedText => ({
  extractor: `${kind}/test`,
  kind,
  title,
  date: null,
  tags: [],
  metadata: {},
  pages: pages
    ? Array.from({ length: pages }, () => ({ label: null, widthPoints: 600, heightPoints: 800, chars: 1 }))
    : null,
  blocks,
  source: null,
  partial: null,
})

function block(
  kind: BlockKind,
  texts: string[],
  place: { page?: number; y?: number; level?: number; width?: number } = {},
): Block {
  let at = 0
  const lines = texts.map((text, i) => {
    const start = at
    at += text.length + 1
    const y = (place.y ?? 500) - i * 14
    const box: Box | null = place.page ? [50, y, 50 + (place.width ?? 450), y + 10] : null
    return { start, end: start + text.length, page: place.page ?? null, box, line: place.page ? null : i + 1 }
  })
  return { kind, level: place.level ?? null, text: texts.join('\n'), lines }
}

const paragraph = (kind: 'pdf' | 'markdown' | 'text', ...lines: string[]) =>
  normalise(
    extracted(kind, [block('paragraph', lines, kind === 'pdf' ? { page: 1 } : {})], kind === 'pdf' ? 1 : 0),
  ).text

/** What holds for every normalised text. */
function promise(result: NormalisedText, input: ExtractedText): void {
  const { text, blocks, lines } = result
  expect(blocks.map((one) => text.slice(one.start, one.end)).join('\n\n')).toBe(text)
  let before = 0
  const traced = new Uint8Array(text.length)
  for (const { start, end } of lines) {
    expect(start >= before && end >= start && end <= text.length).toBe(true)
    before = end
    traced.fill(1, start, end)
  }
  for (let i = 0; i < text.length; i++)
    if (text[i]!.trim() !== '') expect(traced[i], `character ${i} of ${JSON.stringify(text)}`).toBe(1)
  expect(text).toBe(text.normalize('NFC'))
  expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\ufeff\u200b]/)
  const places = new Set(
    input.blocks.flatMap((one) => one.lines.map((line) => JSON.stringify([line.page, line.box, line.line]))),
  )
  for (const { page, box, line } of lines) expect(places.has(JSON.stringify([page, box, line]))).toBe(true)
}

describe('[EX2] normalising', () => {
  it('writes ligatures, radicals and vertical forms as the letters they stand for, in NFC', () => {
    expect(cleanLine('e\u0301 \ufb01nd o\ufb03ce \u2f2f\u4f5c \ufe12')).toBe('é find office 工作 。')
    expect(cleanLine('全角ＡＢＣ，１２３')).toBe('全角ＡＢＣ，１２３')
    expect(cleanLine('a\u0000b\u200bc\ufeff\u00ad d\u3000e\u00a0f')).toBe('abc d e f')
    expect(cleanLine('👩\u200d👩\u200d👧 is one')).toBe('👩\u200d👩\u200d👧 is one')
  })

  it('takes letter spacing out of Chinese, and leaves a space between two words', () => {
    expect(cleanLine('全 世 界 无 产 者，联 合 起 来')).toBe('全世界无产者，联合起来')
    expect(cleanLine('张伟 李娜')).toBe('张伟 李娜')
  })

  it('joins soft line breaks with a space, and none between Han characters', () => {
    expect(paragraph('markdown', 'one line', 'and another')).toBe('one line and another')
    expect(paragraph('markdown', '知识库可以离', '线工作。')).toBe('知识库可以离线工作。')
    expect(paragraph('markdown', '使用 Python', '编写')).toBe('使用 Python编写')
    expect(paragraph('text', '결과를', '본다')).toBe('결과를 본다')
  })

  it('joins words hyphenated at a line end, Latin only, and keeps hyphens the document uses elsewhere', () => {
    expect(paragraph('pdf', 'an inter-', 'national rule')).toBe('an international rule')
    expect(paragraph('pdf', 'a well-known rule is well-', 'known')).toBe('a well-known rule is well-known')
    expect(paragraph('pdf', 'pages 10-', '20')).toBe('pages 10- 20')
    expect(paragraph('pdf', 'Smith-', 'Jones')).toBe('Smith- Jones')
    expect(paragraph('markdown', 'an item -', 'list')).toBe('an item - list')
  })

  it('joins a word whose soft hyphen pdf.js dropped, known from elsewhere', () => {
    expect(paragraph('pdf', 'a document is a docu', 'ment and to', 'day')).toBe(
      'a document is a document and to day',
    )
  })

  it('keeps the lines of code and tables', () => {
    const { text } = normalise(
      extracted('markdown', [
        block('code', ['if a:', '    b()', '', '  c']),
        block('table', ['a | b', 'c | d']),
      ]),
    )
    expect(text).toBe('if a:\n    b()\n\n  c\n\na | b\nc | d')
  })

  it('keeps list items apart and joins their soft breaks', () => {
    const { text } = normalise(
      extracted('markdown', [block('list', ['- one', 'goes on', '  1. inner', '- two'])]),
    )
    expect(text).toBe('- one goes on\n  1. inner\n- two')
  })

  it('gives every block the headings above it, without the title', () => {
    const input = extracted(
      'markdown',
      [
        block('heading', ['Handbook'], { level: 1 }),
        block('heading', ['Rent'], { level: 2 }),
        block('paragraph', ['a']),
        block('heading', ['Notice'], { level: 3 }),
        block('paragraph', ['b']),
        block('heading', ['Leave'], { level: 2 }),
        block('paragraph', ['c']),
      ],
      0,
      'Handbook',
    )
    const { blocks, title, normaliser } = normalise(input)
    expect({ title, normaliser }).toEqual({ title: 'Handbook', normaliser: normaliserVersion })
    expect(blocks.map((one) => one.headings)).toEqual([
      [],
      [],
      ['Rent'],
      ['Rent'],
      ['Rent', 'Notice'],
      [],
      ['Leave'],
    ])
  })

  it('drops headers, footers and page numbers that clearly repeat, and only those', () => {
    const blocks = [1, 2, 3, 4].flatMap((page) => [
      block('paragraph', [page % 2 ? 'The Handbook' : 'Chapter of Rules'], { page, y: 770 }),
      block('paragraph', [`Words of page ${page}.`], { page, y: 500 }),
      block('paragraph', ['Same words in the middle.'], { page, y: 400 }),
      ...(page === 2 ? [block('paragraph', ['A note at the foot, once.'], { page, y: 60 })] : []),
      block('paragraph', [`- ${page} -`], { page, y: 30 }),
    ])
    const { text } = normalise(extracted('pdf', blocks, 4))
    expect(text).not.toMatch(/- \d -/)
    // Two pages each is not clearly repeated.
    expect(text).toContain('The Handbook')
    expect(text).toContain('A note at the foot, once.')
    expect(text.match(/Same words in the middle/g)).toHaveLength(4)
    const more = [5, 6, 7].map((page) =>
      block('paragraph', [page % 2 ? 'The Handbook' : 'Chapter of Rules'], { page, y: 770 }),
    )
    const longer = normalise(extracted('pdf', [...blocks, ...more], 7)).text
    expect(longer).not.toContain('The Handbook')
    expect(longer).not.toContain('Chapter of Rules')
  })

  it('joins a sentence that goes on overleaf, past the running lines', () => {
    const blocks = [1, 2, 3].flatMap((page) => [
      block('paragraph', ['Running Title'], { page, y: 770 }),
      block(
        'paragraph',
        page === 1
          ? ['A sentence that is', 'not yet at its']
          : page === 2
            ? ['end. Another one.', 'It ends.']
            : ['New words.'],
        { page },
      ),
      block('paragraph', [String(page)], { page, y: 30 }),
    ])
    const { text, lines } = normalise(extracted('pdf', blocks, 3))
    expect(text).toBe('A sentence that is not yet at its end. Another one. It ends.\n\nNew words.')
    expect(lines.map((line) => line.page)).toEqual([1, 1, 2, 2, 3])
  })

  it('[EX1] traces every character, on any text', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(
        'inter-',
        'national',
        'ﬁ',
        '中文',
        '知 识 库',
        '- item',
        '  1. x',
        '\u0301x',
        '\ufeff',
        'a\u00ad',
        '\uf0b7',
        'か\u3099',
        '\u1100',
        '\u1161',
        '\ud800',
      ),
    )
    const anyLine = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join('').replaceAll('\n', ' '))
    const anyBlock = fc.record({
      kind: fc.constantFrom<BlockKind[]>('heading', 'paragraph', 'list', 'code', 'table', 'quote'),
      texts: fc.array(anyLine, { minLength: 1, maxLength: 5 }),
      page: fc.integer({ min: 1, max: 4 }),
      y: fc.integer({ min: 10, max: 780 }),
      level: fc.integer({ min: 1, max: 6 }),
    })
    fc.assert(
      fc.property(
        fc.constantFrom('pdf', 'markdown', 'text'),
        fc.array(anyBlock, { maxLength: 8 }),
        (kind, parts) => {
          const blocks = parts.map(({ kind: of, texts, page, y, level }) =>
            block(of, texts, kind === 'pdf' ? { page, y, level } : { level }),
          )
          const input = extracted(kind as 'pdf', blocks, kind === 'pdf' ? 4 : 0)
          promise(normalise(input), input)
        },
      ),
      { numRuns: 600 },
    )
  })

  it('[EX1] traces every character of the fixtures', async () => {
    const folder = join(import.meta.dirname, '../../fixtures')
    const pdf = join(import.meta.dirname, '../../../node_modules/pdfjs-dist')
    for (const name of [
      'english.pdf',
      'two-columns.pdf',
      'chinese-gbk.pdf',
      'chinese-vertical.pdf',
      'table.pdf',
    ]) {
      const result = await extractFile({ path: join(folder, name), resources: { pdf } })
      if (!result.ok) throw new Error(name)
      promise(normalise(result.text), result.text)
    }
  })

  it('is quick on a book: running lines of 5,000 pages', () => {
    const blocks = Array.from({ length: 5000 }, (_, i) => [
      block('paragraph', ['Running'], { page: i + 1, y: 770 }),
      block('paragraph', [`Words of page ${i}.`], { page: i + 1 }),
      block('paragraph', [String(i + 1)], { page: i + 1, y: 30 }),
    ]).flat()
    const begin = performance.now()
    expect(normalise(extracted('pdf', blocks, 5000)).lines).toHaveLength(5000)
    expect(performance.now() - begin).toBeLessThan(3000)
  })
})
