import { describe, expect, it } from 'vitest'
import { decode } from '../../../src/core/extract/decode.ts'
import { extractText } from '../../../src/core/extract/text.ts'
import type { ExtractedText } from '../../../src/core/extract/types.ts'
import { encodeGb18030 } from '../../fixtures/gb18030.ts'

const zh = '知识库可以离线工作，所有文件都留在自己的电脑里。\n第二行文字：检索中文与英文。'
const en = 'A knowledge base that works offline.\nA second line of text.'

const utf16 = (text: string, bigEndian: boolean, mark: boolean) => {
  const bytes = Buffer.from((mark ? '\ufeff' : '') + text, 'utf16le')
  return bigEndian ? bytes.swap16() : bytes
}

describe('text is decoded', () => {
  it.each<[string, Uint8Array, string, string]>([
    ['UTF-8', Buffer.from(zh), zh, 'utf-8'],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${zh}`), zh, 'utf-8'],
    ['UTF-16LE with a mark', utf16(zh, false, true), zh, 'utf-16le'],
    ['UTF-16BE with a mark', utf16(zh, true, true), zh, 'utf-16be'],
    ['English UTF-16LE without a mark', utf16(en, false, false), en, 'utf-16le'],
    ['English UTF-16BE without a mark', utf16(en, true, false), en, 'utf-16be'],
    ['Chinese UTF-16LE without a mark', utf16(zh, false, false), zh, 'utf-16le'],
    ['Chinese UTF-16BE without a mark', utf16(zh, true, false), zh, 'utf-16be'],
    ['GB18030', encodeGb18030(zh), zh, 'gb18030'],
    ['GB18030, four bytes long', encodeGb18030('中文'), '中文', 'gb18030'],
    [
      'GB18030 among ASCII',
      encodeGb18030(`key = value # 注释\n${en}`),
      `key = value # 注释\n${en}`,
      'gb18030',
    ],
    [
      'windows-1252',
      Buffer.from('Größe und Maß: café, naïve, déjà vu.', 'latin1'),
      'Größe und Maß: café, naïve, déjà vu.',
      'windows-1252',
    ],
  ])('from %s', (_name, bytes, text, encoding) => {
    expect(decode(bytes)).toEqual({ ok: true, text, encoding })
  })

  it('from Big5, Shift_JIS, EUC-KR and windows-1251, which are not taken for Chinese in GB18030', () => {
    const samples: [string, string][] = [
      [
        'big5',
        'a4a4a4e5aabaa4e5a672a5fea4a4a4e5aabaa4e5a672b8eaaec6ae77a544bef7b4fab8d5a141b3a3acd2c163c5e9a143',
      ],
      [
        'shift_jis',
        '82b182ea82cd93fa967b8cea82cc95b68fcd82c582b7814183658358836782cc82bd82df82cc95b68e9a97f1814282a082e882aa82c682a4',
      ],
      [
        'euc-kr',
        'c7d1b1b9beeeb7ce20bdd1b5c820b9aeb8cac0d4b4cfb4d92e20b0cbbbf6c0bb20bdc3c7e8c7cfb4c220b1dbc0d4b4cfb4d92e',
      ],
      [
        'windows-1251',
        'dde2e820f0f3f1f1eae8e920f2e5eaf1f220e4ebff20efeef0e2e5f0eae820eaeee4e8f0eee2eae82c20eff0eef1f2eee920e820eff0e0e2e8ebfced',
      ],
    ]
    for (const [encoding, hex] of samples) {
      const bytes = Buffer.from(hex, 'hex')
      const expected = new TextDecoder(encoding).decode(bytes)
      expect(decode(bytes), encoding).toMatchObject({ ok: true, text: expected })
    }
  })

  it('as UTF-8 although a few bytes are broken', () => {
    const bytes = Buffer.concat([Buffer.from(zh.repeat(3)), Buffer.from([0xff]), Buffer.from(zh)])
    expect(decode(bytes)).toMatchObject({ ok: true, encoding: 'utf-8' })
  })

  it('never from a program, an archive or noise', () => {
    expect(decode(Buffer.from('\x7fELF\x02\x01\x01', 'latin1'))).toEqual({ ok: false, looksLike: 'program' })
    expect(decode(Buffer.from('PK\x03\x04....'))).toEqual({ ok: false, looksLike: 'zip' })
    const noise = Uint8Array.from({ length: 4096 }, (_, i) => Math.imul(i + 7, 2654435761) >>> 24)
    expect(decode(noise)).toEqual({ ok: false, looksLike: null })
  })
})

function read(text: string, name = 'a.txt'): ExtractedText {
  const result = extractText(Buffer.from(text), name)
  if (!result.ok) throw new Error(result.reason.code)
  for (const block of result.text.blocks) {
    expect(block.lines.map((line) => block.text.slice(line.start, line.end)).join('\n')).toBe(block.text)
  }
  return result.text
}
const shown = (text: string, name?: string) =>
  read(text, name).blocks.map(({ kind, level, text, lines }) => [
    level ? `${kind}${level}` : kind,
    lines[0]!.line,
    text,
  ])

describe('plain text', () => {
  it('[EX1] parts paragraphs at blank lines and keeps source lines, whatever ends them', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      expect(shown(['one', '', '', 'two', 'three is longer than two', ''].join(end))).toEqual([
        ['paragraph', 1, 'one'],
        ['paragraph', 4, 'two'],
        ['paragraph', 5, 'three is longer than two'],
      ])
    }
  })

  it('joins lines wrapped at a width, and no others', () => {
    const wrapped = [
      'This paragraph was wrapped by an editor at some sixty columns,',
      'as people did in mail and in many a text file of that time, so',
      'its lines belong together.',
    ].join('\n')
    expect(read(wrapped).blocks).toHaveLength(1)
    const written = `第一段很短。\n第二段要长得多，说的是另外一件事情，写的人按了回车才另起一行，所以是自成一段的文字，没有别的意思。\n第三段。`
    expect(read(written).blocks).toHaveLength(3)
  })

  it('takes numbered chapters and underlined lines for headings, and no sentence', () => {
    expect(
      shown(
        '第一卷 风起\n第三章 检索的次序\n　　正文从这里开始。\n第二节　向量\n第一次见面的时候，天还没有亮。\n第五回合之后他输了。',
      ),
    ).toEqual([
      ['heading1', 1, '第一卷 风起'],
      ['heading2', 2, '第三章 检索的次序'],
      ['paragraph', 3, '　　正文从这里开始。'],
      ['heading3', 4, '第二节　向量'],
      ['paragraph', 5, '第一次见面的时候，天还没有亮。'],
      ['paragraph', 6, '第五回合之后他输了。'],
    ])
    expect(shown('Title\n=====\n\nChapter 2: The End\n\ntext\nOther\n-----')).toEqual([
      ['heading1', 1, 'Title'],
      ['heading2', 4, 'Chapter 2: The End'],
      ['paragraph', 6, 'text'],
      ['heading2', 7, 'Other'],
    ])
    expect(read('Title\n=====\n\ntext').title).toBe('Title')
    expect(read('plain words').title).toBeNull()
  })

  it('keeps the lines of data, and drops the times of subtitles', () => {
    expect(shown('a,b\n1,2\n', 'x.csv')).toEqual([['table', 1, 'a,b\n1,2']])
    expect(shown('{\n  "a": 1\n}', 'x.json')).toEqual([['code', 1, '{\n  "a": 1\n}']])
    expect(
      shown(
        '1\n00:00:01,000 --> 00:00:02,000\nHello there.\n\n2\n00:00:03,000 --> 00:00:04,000\nGoodbye.\n',
        'x.srt',
      ),
    ).toEqual([
      ['paragraph', 3, 'Hello there.'],
      ['paragraph', 7, 'Goodbye.'],
    ])
  })

  it('reads a line of five million characters', () => {
    const { blocks } = read(`${'词'.repeat(5_000_000)}\nend`)
    expect(blocks).toHaveLength(2)
  })
})
