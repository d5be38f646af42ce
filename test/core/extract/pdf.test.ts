import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { normalise } from '../../../src/core/chunk/normalise.ts'
import { extractFile } from '../../../src/core/extract/extract.ts'
import { documentTitle, infoText, pdfDate } from '../../../src/core/extract/pdf-info.ts'
import { isGarbled } from '../../../src/core/extract/pdf.ts'
import type { Block, ExtractedText } from '../../../src/core/extract/types.ts'
import { pdfResources } from './fork-host.ts'

const fixtures = join(import.meta.dirname, '../../fixtures')
const extract = (name: string) =>
  extractFile({ path: join(fixtures, name), resources: { pdf: pdfResources } })

async function read(name: string): Promise<ExtractedText> {
  const result = await extract(name)
  if (!result.ok) throw new Error(`${name}: ${result.reason.code}`)
  return result.text
}

const lineTexts = (block: Block) => block.lines.map((line) => block.text.slice(line.start, line.end))

describe('a PDF with a text layer', () => {
  it('[EX1] ties every line to its page and a box on it, and gives printed labels and sizes', async () => {
    const text = await read('english.pdf')
    expect(text.pages?.map((page) => page.label)).toEqual(['i', 'ii', '1', '2'])
    expect(text.pages?.[0]).toMatchObject({ widthPoints: 595, heightPoints: 842 })
    for (const block of text.blocks) {
      expect(lineTexts(block).join('\n')).toBe(block.text)
      for (const { page, box, line } of block.lines) {
        expect(page).toBeGreaterThan(0)
        expect(line).toBeNull()
        const [x0, y0, x1, y1] = box!
        expect(x0 < x1 && y0 < y1 && x0 >= 0 && y0 >= 0 && x1 <= 595 && y1 <= 842).toBe(true)
      }
    }
    const title = text.blocks.find((block) => block.text === 'The Keeping of Records')!
    const [x0, y0, x1, y1] = title.lines[0]!.box!
    // Drawn at (70, 740) in 22 points: the box holds its baseline and capitals.
    expect(x0).toBeCloseTo(70, 0)
    expect(y0).toBeLessThan(740)
    expect(y1).toBeGreaterThan(740 + 14)
    expect(x1 - x0).toBeGreaterThan(180)
  })

  it('gives title, author and date, headings with levels and paragraphs', async () => {
    const text = await read('english.pdf')
    expect(text).toMatchObject({
      kind: 'pdf',
      title: 'The Keeping of Records',
      date: '2024-03-14',
      source: null,
      partial: null,
    })
    expect(text.metadata).toMatchObject({ author: 'Ada Writer', subject: 'Records and their keeping' })
    const headings = text.blocks.filter((block) => block.kind === 'heading')
    expect(headings.map(({ level, text }) => [level, text])).toEqual([
      [1, 'The Keeping of Records'],
      [2, '1 Principles'],
      [2, '2 Periods'],
      [3, '2.1 Letters'],
    ])
  })

  it.each(['two-columns.pdf', 'two-columns-across.pdf'])(
    'reads one column after the other (%s)',
    async (name) => {
      const { text } = normalise(await read(name))
      const order = [
        'Reading Order in Two Columns',
        'An abstract stands over both columns',
        'The first column begins here',
        'The left column ends with these words.',
        'The second column begins at the top again.',
        'some programs give',
        'So the gap between them has to be found.',
        'A note below both columns',
      ].map((part) => text.indexOf(part))
      expect(order).not.toContain(-1)
      expect(order).toEqual([...order].sort((a, b) => a - b))
    },
  )

  it('reads a table row by row and keeps its rows apart', async () => {
    const { blocks } = await read('table.pdf')
    const table = blocks.find((block) => block.kind === 'table')!
    expect(lineTexts(table).slice(0, 2)).toEqual(['City\tApples\tPears', 'Oslo\t12\t9'])
    expect(table.lines).toHaveLength(8)
  })

  it('[EX1] gives boxes on the page as it is shown, crop box and rotation applied', async () => {
    const { blocks, pages } = await read('rotated.pdf')
    expect(pages).toMatchObject([
      { widthPoints: 300, heightPoints: 200 },
      { widthPoints: 300, heightPoints: 400 },
    ])
    // Drawn at (100, 100); the crop box begins at (50, 20).
    const [x0, y0] = blocks[0]!.lines[0]!.box!
    expect(x0).toBeCloseTo(50, 0)
    expect(y0).toBeGreaterThan(75)
    expect(y0).toBeLessThan(80)
    // Drawn upwards at (100, 60) on a page turned by a quarter to the right: shown at (60, 300), left to right.
    const [u0, v0, u1, v1] = blocks[1]!.lines[0]!.box!
    expect(blocks[1]!.text).toBe('Upright when shown')
    expect(u0).toBeCloseTo(60, 0)
    expect(v0).toBeLessThan(300)
    expect(v1).toBeGreaterThan(300)
    expect(u1 - u0).toBeGreaterThan(5 * (v1 - v0))
  })
})

describe('a Chinese PDF', () => {
  it.each(['chinese-gbk.pdf', 'chinese-ucs2.pdf'])(
    'is read by its predefined character map (%s)',
    async (name) => {
      const extracted = await read(name)
      expect(extracted.title).toBe('知识库的离线检索')
      expect(extracted.date).toBe('2023-05-06')
      expect(extracted.blocks.find((block) => block.text.startsWith('第一章'))?.kind).toBe('heading')
      const { text } = normalise(extracted)
      expect(text).toContain(
        '包括论文、合同与笔记。检索先按词语，再按意思，最后由重排模型决定次序，所有步骤都在本机完成。',
      )
      expect(text).toContain('\n\n第二段从这里开始')
    },
  )

  it('in vertical writing is read from top to bottom and right to left', async () => {
    const extracted = await read('chinese-vertical.pdf')
    const { text } = normalise(extracted)
    expect(text).toBe('竖排文字从右到左，一列接着一列往下读。第三列在最左边。')
    const [first, second] = extracted.blocks.flatMap((block) => block.lines.map((line) => line.box!))
    expect(first![3] - first![1]).toBeGreaterThan(5 * (first![2] - first![0]))
    expect(first![0]).toBeGreaterThan(second![0])
  })
})

describe('a PDF without usable text', () => {
  it.each([
    ['scanned.pdf', 'no-text'],
    ['blank.pdf', 'empty'],
    ['encrypted.pdf', 'encrypted'],
    ['damaged.pdf', 'damaged'],
    ['garbled.pdf', 'garbled'],
  ])('[DA2] %s says why: %s', async (name, code) => {
    expect(await extract(name)).toMatchObject({ ok: false, reason: { code } })
  })

  it('[DA2] counts the pages that gave none when others did', async () => {
    const text = await read('partly-scanned.pdf')
    expect(text.partial).toEqual({ code: 'partly-no-text', data: { pages: 3, pagesWithoutText: 2 } })
    expect(text.blocks.map((block) => block.text)).toEqual([
      'The first page was typed, the others were scanned.',
    ])
  })

  it('recognises a text layer of glyph numbers and of misread bytes, and no real language', () => {
    expect(isGarbled('\ue021\ue045\ue012\ue033\ue051\ue021\ue045\ue012\ue033')).toBe(true)
    expect(isGarbled('ÖÐ¹úÈËÃñ¹²ºÍ¹úÖÐ¹úÈËÃñ¹²ºÍ¹úÖÐ¹úÈËÃñ¹²ºÍ¹ú')).toBe(true)
    expect(isGarbled('中文文字，全是汉字。没有任何问题，可以检索。')).toBe(false)
    expect(isGarbled('Größenwahn, äußerst übermäßig, café, naïveté, déjà vu, Ærøskøbing')).toBe(false)
    expect(isGarbled('\uf054\uf068\uf065\uf073\uf065 \uf077\uf06f\uf072\uf064\uf073')).toBe(true)
    expect(isGarbled('OA\uf0d7 OB\uf0d7 OC\uf0d7u')).toBe(false)
    expect(isGarbled('\uf0b7 first point \uf0b7 second point')).toBe(false)
  })
})

describe('what a PDF says about itself', () => {
  it('is a title only if it is one', () => {
    expect(documentTitle('Microsoft Word - thesis.doc', 'On Rent', '')).toBe('On Rent')
    expect(documentTitle('untitled', null, '')).toBeNull()
    expect(documentTitle('final_v3_reviewed', 'On Rent', '')).toBe('On Rent')
    expect(documentTitle('On Rent and Notice', null, '')).toBe('On Rent and Notice')
    expect(documentTitle('论租金', '第一章', '论租金 摘要')).toBe('论租金')
    expect(documentTitle(null, null, 'words')).toBeNull()
  })

  it('is repaired where GBK bytes were written as Western letters', () => {
    const broken = [...new Uint8Array([0xc2, 0xdb, 0xce, 0xc4, 0xb1, 0xea, 0xcc, 0xe2])]
      .map((byte) => String.fromCharCode(byte))
      .join('')
    expect(infoText(broken)).toBe('论文标题')
    expect(infoText('Ärger über Größe')).toBe('Ärger über Größe')
    expect(infoText({})).toBeNull()
  })

  it('is a date only if it is one', () => {
    expect(pdfDate("D:20240131093000+08'00'")).toBe('2024-01-31')
    expect(pdfDate('D:2024')).toBe('2024-01-01')
    expect(pdfDate('D:00000000')).toBeNull()
    expect(pdfDate(7)).toBeNull()
  })
})
