import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readDate } from '../../../src/core/extract/front-matter.ts'
import { extractMarkdown, htmlToText, Reader } from '../../../src/core/extract/markdown.ts'
import type { ExtractedText } from '../../../src/core/extract/types.ts'

function read(source: string, name = 'note.md'): ExtractedText {
  const result = extractMarkdown(Buffer.from(source), name)
  if (!result.ok) throw new Error(result.reason.code)
  for (const block of result.text.blocks) {
    expect(block.lines.map((line) => block.text.slice(line.start, line.end)).join('\n')).toBe(block.text)
  }
  return result.text
}
const shown = (source: string, name?: string) =>
  read(source, name).blocks.map(({ kind, level, text, lines }) => [
    level ? `${kind}${level}` : kind,
    lines.map((line) => line.line).join(' '),
    text,
  ])

describe('Markdown', () => {
  it('[EX1] gives every block its text and every line its place in the source', () => {
    const source = [
      '# Heading *with* `code`',
      '',
      'A paragraph over',
      'two **lines** with a [link](https://example.org) and ![a picture](x.png).',
      '',
      '> quoted',
      '> words',
      '',
      '- one',
      '- two',
      '  goes on',
      '  1. inner',
      '- [x] done',
      '',
      '```js',
      'const a = 1',
      '',
      'const b = 2',
      '```',
      '',
      '| a | b |',
      '|---|---|',
      '| 1 | *2* |',
      '',
      'Setext',
      '------',
      '',
      '    indented code',
    ].join('\n')
    expect(shown(source)).toEqual([
      ['heading1', '1', 'Heading with code'],
      ['paragraph', '3 4', 'A paragraph over\ntwo lines with a link and a picture.'],
      ['quote', '6 7', 'quoted\nwords'],
      ['list', '9 10 11 12 13', '- one\n- two\ngoes on\n  1. inner\n- [x] done'],
      ['code', '16 17 18', 'const a = 1\n\nconst b = 2'],
      ['table', '21 23', 'a | b\n1 | 2'],
      ['heading2', '25', 'Setext'],
      ['code', '28', 'indented code'],
    ])
  })

  it('takes title, tags, date and the rest from front matter', () => {
    const text = read(
      '---\ntitle: 租房合同\ntags: [法律, "#合同/租赁"]\ndate: 2024-03-14\nauthor: 王伟\nnested:\n  a: 1\n---\n\n# Other\n\nText #inline and #2024 #a-1 a#b `#code`.',
    )
    expect(text).toMatchObject({
      title: '租房合同',
      tags: ['法律', '合同/租赁', 'inline', 'a-1'],
      date: '2024-03-14',
      metadata: { author: '王伟', 'nested.a': '1' },
    })
    expect(text.blocks[0]).toMatchObject({ kind: 'heading', text: 'Other' })
    expect(text.blocks[0]!.lines[0]!.line).toBe(10)
  })

  it('takes the first heading of level 1 for a title where front matter gives none', () => {
    expect(read('intro\n\n## Two\n\n# The Title\n').title).toBe('The Title')
    expect(read('no heading').title).toBeNull()
  })

  it('reads wikilinks, callouts and block ids as Obsidian shows them', () => {
    expect(
      shown('See [[Page]], [[Page|the page]], [[Page#Part]], [[#Part]] and ![[Embed.png|300]]. ^block-1'),
    ).toEqual([['paragraph', '1', 'See Page, the page, Page > Part, Part and 300.']])
    expect(shown('> [!note]- Careful\n> words')).toEqual([['quote', '1 2', 'Careful\nwords']])
  })

  it('keeps the words of HTML and drops its markup, scripts and comments', () => {
    expect(htmlToText('<p class="a">One &amp; <b>two</b></p><script>x()</script><!-- no -->')).toBe(
      ' One & two ',
    )
    expect(
      shown('<details>\n<summary>More</summary>\nHidden words\n</details>\n\na<br>b <kbd>Ctrl</kbd>'),
    ).toEqual([
      ['paragraph', '2 3', ' More \nHidden words'],
      ['paragraph', '6', 'a b Ctrl'],
    ])
  })

  it('keeps the words of MDX without its imports', () => {
    expect(shown("import A from 'a'\n\n# T\n\n<A>inside</A>", 'x.mdx')).toEqual([
      ['heading1', '3', 'T'],
      ['paragraph', '5', 'inside'],
    ])
  })

  it('counts source lines right in a file that is parsed in pieces', () => {
    const section = (i: number) =>
      `## Section ${i}\n\n${'words and more words '.repeat(500)}\n\n\`\`\`\n# not a heading ${i}\n\`\`\`\n\n`
    const source = Array.from({ length: 120 }, (_, i) => section(i)).join('')
    expect(source.length).toBeGreaterThan(1_000_000)
    const lines = source.split('\n')
    const { blocks } = read(source)
    expect(blocks.filter((block) => block.kind === 'heading')).toHaveLength(120)
    for (const block of blocks) {
      for (const line of block.lines)
        expect(lines[line.line! - 1]).toContain(block.text.slice(line.start, line.end).trim())
    }
  })
})

describe('the scan that spares the parser', () => {
  /** Every line with its kind and place, spaces aside. */
  const linesOf = (reader: Reader) =>
    reader.blocks.flatMap(({ kind, level, text, lines }) =>
      lines
        .map(({ line, start, end }) => [
          line,
          kind,
          level,
          text.slice(start, end).replace(/\s+/g, ' ').trim(),
        ])
        .filter((one) => one[3] !== ''),
    )

  function agree(source: string): void {
    const scanned = new Reader(false)
    scanned.read(source, 0)
    const parsed = new Reader(false)
    parsed.parse(source, 0)
    expect(linesOf(scanned)).toEqual(linesOf(parsed))
    expect(new Set(scanned.inlineTags)).toEqual(new Set(parsed.inlineTags))
  }

  it('answers as the parser does, on the documents of this project and of what it is made of', () => {
    const modules = join(import.meta.dirname, '../../../node_modules')
    const documents = join(import.meta.dirname, '../../../docs')
    const paths = ['chokidar', 'zod', 'yaml', 'ignore', 'pdf-lib', 'fast-check', 'micromark'].flatMap(
      (name) =>
        readdirSync(join(modules, name))
          .filter((file) => /^readme\.md$/i.test(file))
          .map((file) => join(modules, name, file)),
    )
    for (const file of readdirSync(documents).filter((file) => file.endsWith('.md')))
      paths.push(join(documents, file))
    for (const path of paths) agree(readFileSync(path, 'utf8'))
  })

  it.each([
    'text\n- item\n- item two\n  goes on\n\nafter',
    '- a\n\n- b\n\n  still b\n\nafter',
    '- a\n  ```js\n  code\n\n  more\n  ```\n- b',
    '1. one\n2. two\n   - inner\n     - deeper\n3. three',
    '3. three\n4. four',
    'text\n2. no list',
    'text\n---\ntext\n\n---\n\n***',
    'a | b\n--- | ---\n`x` | **y**\n1 | 2 | 3\n4',
    '> quote\nlazy\n\n> - list\n>\n> more',
    '**bold** *it* _it_ __b__ ***both*** snake_case_name 2 * 3 a*b ~~gone~~ ~5 `co*de` ``a`b``',
    '**bold over\nlines** and [a link\nover lines](x) `code\nspan`',
    '[a](b) ![c](d "e") [x](<y z>) [[wiki|text]] [ref] [^1] \\* &amp; &nosuch; <b>x</b> a < b <https://a.b>',
    '<!-- one\n\ntwo -->\nthree\n\nfour',
    '<script>\n\nx\n\n</script>\n\ntext',
    '```\nno end\n\n# code',
    '~~~ `x`\ncode\n~~~\n``` x`y\n',
    '# a #\n## b ## c\n#no\n####### seven\n#',
    '    code\n\n    more\n\ntext\n    not code',
    'text #tag `#no` [#in](x) #2024\n\n[a]: http://x\n[a]',
    '- [ ] open\n- [x] done\n* other list\n+ third',
    '中文**加粗。**后文，*斜体*和`代码`。',
    '\ttab\n\n \n\u3000\u3000段落\n\u3000\u3000另一行',
  ])('answers as the parser does: %#', (source) => agree(source))
})

describe('hostile Markdown', () => {
  it('of aliases, depth or size in its front matter loses only its metadata', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'.replace(/./g, (key) => `${key}: &${key} [${`*${String.fromCharCode(key.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`
    expect(read(`---\n${bomb}---\n\nwords`)).toMatchObject({ metadata: {}, blocks: [{ text: 'words' }] })
    expect(read(`---\n${'[['.repeat(5000)}\n---\n\nwords`).blocks.at(-1)).toMatchObject({ text: 'words' })
    expect(read(`---\nx: ${'y'.repeat(100_000)}\n---\n\nwords`)).toMatchObject({
      metadata: {},
      blocks: [{ text: 'words' }],
    })
    expect(read('---\n__proto__:\n  polluted: yes\ntitle: 5\n---\nwords')).toMatchObject({ title: '5' })
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('nested beyond the stack still gives its words', () => {
    const text = read(`${'> '.repeat(20_000)}deep`)
    expect(text.kind).toBe('markdown')
    expect(text.blocks.map((block) => block.text).join(' ')).toContain('deep')
  }, 60_000)
})

it('dates are read as people write them', () => {
  const read = (text: string) => readDate(text)
  for (const text of [
    '2024-03-04',
    '2024/3/4',
    '2024.3.4 10:00',
    '2024年3月4日',
    '20240304',
    '2024-03-04T10:00:00Z',
  ]) {
    expect(read(text), text).toBe('2024-03-04')
  }
  for (const text of ['yesterday', '2024-13-01', '2024-02-30', '12', '202403041'])
    expect(read(text), text).toBeNull()
})
