/**
 * Markdown (CommonMark, GFM tables, front matter, what Obsidian adds) to blocks whose lines carry source line
 * numbers [EX1]. Markup goes, text stays: links by their text, images by their description, HTML by its words.
 */
import type { Nodes, Parents, RootContent, Table, List, ListItem, Code } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { frontmatter } from 'micromark-extension-frontmatter'
import { gfm } from 'micromark-extension-gfm'
import { decode } from './decode.ts'
import { emptyFrontMatter, readFrontMatter } from './front-matter.ts'
import { extractText } from './text.ts'
import { extractorVersions } from './kinds.ts'
import { clearInline, scan } from './markdown-scan.ts'
import type { Block, BlockKind, ExtractResult, Line } from './types.ts'

/** The parser's tree takes some hundred times its source: long files are parsed in pieces of about this size. */
const pieceChars = 256 * 1024

export function extractMarkdown(
  bytes: Uint8Array,
  name: string,
  onProgress: () => void = () => {},
): ExtractResult {
  const decoded = decode(bytes)
  if (!decoded.ok) return extractText(bytes, name)
  const source = decoded.text
  if (source.trim() === '') return { ok: false, reason: { code: 'empty', data: {} } }
  let reader: Reader
  try {
    reader = new Reader(/\.mdx$/i.test(name))
    for (const { text, lineOffset } of pieces(source)) {
      reader.read(text, lineOffset)
      onProgress()
    }
  } catch (error) {
    // Nested beyond the stack: nobody wrote that by hand, but its words can still be found.
    if (!(error instanceof RangeError)) throw error
    const plain = extractText(bytes, 'deep.txt')
    return plain.ok
      ? { ok: true, text: { ...plain.text, extractor: extractorVersions.markdown, kind: 'markdown' } }
      : plain
  }
  const { blocks, front, inlineTags } = reader
  const firstHeading = blocks.find((block) => block.kind === 'heading' && block.level === 1)
  return {
    ok: true,
    text: {
      extractor: extractorVersions.markdown,
      kind: 'markdown',
      title: front.title ?? (firstHeading ? firstHeading.text.replaceAll('\n', ' ').trim() || null : null),
      date: front.date,
      tags: [...new Set([...front.tags, ...inlineTags])].slice(0, 200),
      metadata: front.metadata,
      pages: null,
      blocks,
      source,
      partial: null,
    },
  }
}

/** Cuts a long source before headings that stand outside fences and behind a blank line. */
function pieces(source: string): { text: string; lineOffset: number }[] {
  if (source.length <= pieceChars * 2) return [{ text: source, lineOffset: 0 }]
  const result: { text: string; lineOffset: number }[] = []
  let fence: string | null = null
  let from = 0
  let fromLine = 0
  let line = 0
  let blankBefore = true
  for (let at = 0; at < source.length; line++) {
    const feed = source.indexOf('\n', at)
    const end = feed < 0 ? source.length : feed + 1
    const text = source.slice(at, Math.min(end, at + 200))
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(text)?.[1]
    const long = at - from
    if (
      fence === null &&
      at > from &&
      blankBefore &&
      ((long > pieceChars && /^#{1,6}\s/.test(text)) || (long > pieceChars * 4 && /^\S/.test(text)))
    ) {
      result.push({ text: source.slice(from, at), lineOffset: fromLine })
      from = at
      fromLine = line
    }
    if (mark) {
      if (fence === null) fence = mark
      else if (mark[0] === fence[0] && mark.length >= fence.length) fence = null
    }
    blankBefore = text.trim() === ''
    at = end
  }
  result.push({ text: source.slice(from), lineOffset: fromLine })
  return result
}

/** The parser's time grows with the square of the depth; nobody nests by hundreds. */
const tooDeep = /^(?:[ \t]*(?:>[ \t]?|[-*+][ \t]+|\d{1,9}[.)][ \t]+)){200}/m

/** Of links and footnotes; a few at most, so files with any go through the parser whole. */
const definition = /^[ \t>]*\[[^\]\n]+\]:/m

/** Line after the closing mark of front matter, 0 where there is none. */
function frontMatterEnd(lines: readonly string[]): number {
  const mark = /^(---|\+\+\+)[ \t]*$/.exec(lines[0] ?? '')?.[1]
  if (!mark) return 0
  const end = lines.findIndex((line, i) => i > 0 && line.trimEnd() === mark)
  return end + 1
}

/** Lines of an .mdx file that are no text. */
const isModuleCode = (text: string) => /^(?:import|export)\s/.test(text)

/** One block being written; each stretch of text knows its source line. */
class BlockText {
  readonly lines: Line[] = []
  text = ''

  add(text: string, line: number): void {
    for (const [i, part] of text.split(/\r\n|\n|\r/).entries()) this.#addPart(part, line + i)
  }

  #addPart(part: string, line: number): void {
    let last = this.lines.at(-1)
    if (!last || last.line !== line) {
      if (last) this.text += '\n'
      last = { start: this.text.length, end: this.text.length, page: null, box: null, line }
      this.lines.push(last)
    }
    this.text += part
    last.end = this.text.length
  }
}

/** Exported for the test that holds the scan to the parser. */
export class Reader {
  readonly blocks: Block[] = []
  readonly inlineTags: string[] = []
  front = emptyFrontMatter()
  readonly #mdx: boolean
  #lineOffset = 0
  #source = ''

  constructor(mdx: boolean) {
    this.#mdx = mdx
  }

  /** Only what is not plainly simple goes through the parser. */
  read(source: string, lineOffset: number): void {
    if (tooDeep.test(source)) throw new RangeError('nested too deep')
    // Definitions at one place change what brackets mean at another.
    if (definition.test(source)) return this.parse(source, lineOffset)
    const lines = source.split(/\r\n|\n|\r/)
    let from = 0
    if (lineOffset === 0) {
      from = frontMatterEnd(lines)
      if (from > 0) this.parse(lines.slice(0, from).join('\n'), 0)
    }
    // What is left to the parser after all must not be noted twice.
    let tags: string[] = []
    const inline = (line: string) => clearInline(line, (text) => this.#obsidian(text, tags))
    for (const part of scan(lines, inline, from)) {
      if (part.type === 'parse') {
        this.parse(lines.slice(part.from, part.to).join('\n'), lineOffset + part.from)
      } else {
        const out = new BlockText()
        if (this.#mdx && part.type === 'paragraph' && isModuleCode(part.lines[0]!.text)) continue
        for (const { text, line } of part.lines) out.add(text, lineOffset + line + 1)
        this.inlineTags.push(...tags)
        this.#push(part.type, part.type === 'heading' ? part.level : null, out)
      }
      tags = []
    }
  }

  /** All of it by the CommonMark parser. */
  parse(source: string, lineOffset: number): void {
    this.#lineOffset = lineOffset
    this.#source = source
    const first = lineOffset === 0
    const tree = fromMarkdown(source, {
      extensions: first ? [gfm(), frontmatter(['yaml', 'toml'])] : [gfm()],
      mdastExtensions: first
        ? [gfmFromMarkdown(), frontmatterFromMarkdown(['yaml', 'toml'])]
        : [gfmFromMarkdown()],
    })
    this.#children(tree, 'paragraph')
  }

  #line(node: Nodes): number {
    return (node.position?.start.line ?? 1) + this.#lineOffset
  }

  #push(kind: BlockKind, level: number | null, { text, lines }: BlockText): void {
    if (text.trim() !== '') this.blocks.push({ kind, level, text, lines })
  }

  #children(parent: Parents, plain: BlockKind): void {
    for (const child of parent.children) this.#block(child as RootContent, plain)
  }

  /** `plain` is what a paragraph counts as here: in a quotation it is a quote. */
  #block(node: RootContent, plain: BlockKind): void {
    switch (node.type) {
      case 'yaml':
        this.front = readFrontMatter(node.value)
        return
      case 'heading': {
        const out = new BlockText()
        this.#inline(node, out)
        return this.#push('heading', node.depth, out)
      }
      case 'paragraph': {
        const out = new BlockText()
        this.#inline(node, out)
        if (this.#mdx && isModuleCode(out.text)) return
        return this.#push(plain, null, out)
      }
      case 'blockquote':
        return this.#children(node, 'quote')
      case 'footnoteDefinition':
        return this.#children(node, plain)
      case 'code': {
        const out = new BlockText()
        this.#code(node, out, '')
        return this.#push('code', null, out)
      }
      case 'table': {
        const out = new BlockText()
        this.#table(node, out)
        return this.#push('table', null, out)
      }
      case 'list': {
        const out = new BlockText()
        this.#list(node, out, '')
        return this.#push('list', null, out)
      }
      case 'html': {
        const out = new BlockText()
        out.add(htmlToText(node.value), this.#line(node))
        return this.#push(plain, null, trimmed(out))
      }
    }
  }

  #code(node: Code, out: BlockText, indent: string): void {
    const at = node.position?.start.offset ?? 0
    const fenced = /^(`{3}|~{3})/.test(this.#source.slice(at, at + 3))
    const first = this.#line(node) + (fenced ? 1 : 0)
    for (const [i, line] of node.value.split('\n').entries()) out.add(indent + line, first + i)
  }

  #table(node: Table, out: BlockText): void {
    for (const row of node.children) {
      row.children.forEach((cell, i) => {
        if (i > 0) out.add(' | ', this.#line(row))
        this.#inline(cell, out)
      })
    }
  }

  /** Items begin with their marker on a line of its own, nested ones indented: the normaliser relies on it. */
  #list(node: List, out: BlockText, indent: string): void {
    for (const [i, item] of node.children.entries()) {
      const marker = node.ordered ? `${(node.start ?? 1) + i}. ` : '- '
      const box = item.checked === true ? '[x] ' : item.checked === false ? '[ ] ' : ''
      out.add(indent + marker + box, this.#line(item))
      this.#item(item, out, `${indent}  `)
    }
  }

  #item(item: ListItem, out: BlockText, indent: string): void {
    for (const child of item.children) {
      if (child.type === 'list') this.#list(child, out, indent)
      else if (child.type === 'code') this.#code(child, out, indent)
      else if (child.type === 'table') this.#table(child, out)
      else if (child.type === 'html') out.add(htmlToText(child.value), this.#line(child))
      else if (child.type === 'blockquote') this.#item(child as unknown as ListItem, out, indent)
      else this.#inline(child as Parents, out)
    }
  }

  #inline(parent: Nodes, out: BlockText): void {
    if (!('children' in parent)) return
    for (const node of parent.children) {
      // Nodes made of others (bare addresses) have no place of their own.
      const line = node.position ? this.#line(node) : (out.lines.at(-1)?.line ?? this.#line(parent))
      switch (node.type) {
        case 'text':
          out.add(this.#obsidian(node.value), line)
          break
        case 'inlineCode':
          out.add(node.value, line)
          break
        case 'image':
        case 'imageReference':
          // Obsidian writes a width there: ![plan|300](plan.png)
          if (node.alt) out.add(node.alt.replace(/\|\d+(x\d+)?$/, ''), line)
          break
        case 'html':
          out.add(htmlToText(node.value), line)
          break
        case 'break':
        case 'footnoteReference':
          break
        default:
          this.#inline(node, out)
      }
    }
  }

  /** Wikilinks by their text, callout markers away, tags remembered. */
  #obsidian(text: string, tags = this.inlineTags): string {
    for (const match of text.matchAll(tagPattern)) {
      const tag = match[1]!.replace(/\/+$/, '')
      if (tag.length <= 200 && /[^\d/_-]/.test(tag)) tags.push(tag)
    }
    return text
      .replace(
        wikilinkPattern,
        (_all, target: string, part: string | undefined, alias: string | undefined) =>
          alias ?? (part ? (target ? `${target} > ${part}` : part) : target),
      )
      .replace(/^\[!\w+\][+-]? ?/, '')
      .replace(/(^|\s)\^[\w-]+$/, '$1')
  }
}

/** As Obsidian has it: letters, digits, _, -, / and emoji after a space or line start, not digits alone. */
const tagPattern = /(?<=^|\s)#((?:[\p{L}\p{M}\p{N}_/-]|\p{Extended_Pictographic}|[\ufe0f\u200d])+)/gu
const wikilinkPattern = /!?\[\[([^[\]|#^\n]{0,500})(?:[#^]+([^[\]|\n]{0,500}))?(?:\|([^[\]\n]{0,500}))?\]\]/g

function trimmed(out: BlockText): BlockText {
  // Lines without words would only be noise in the anchors.
  const kept = new BlockText()
  for (const line of out.lines) {
    const text = out.text.slice(line.start, line.end)
    if (text.trim() !== '') kept.add(text, line.line!)
  }
  return kept
}

/** Words of an HTML fragment. Keeps its line breaks, so that lines still count. */
export function htmlToText(html: string): string {
  const breaksOf = (text: string) => text.replace(/[^\n]+/g, '')
  return html
    .replace(/<!--[\s\S]*?(?:-->|$)/g, breaksOf)
    .replace(/<(script|style|svg)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, breaksOf)
    .replace(
      /<img\b[^>]*?\balt\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>/gi,
      (all, a?: string, b?: string) => (a ?? b ?? '') + breaksOf(all),
    )
    .replace(
      /<\/?(?:p|div|br|li|tr|td|th|h[1-6]|ul|ol|table|section|summary|details)\b[^>]*>/gi,
      (tag) => ` ${breaksOf(tag)}`,
    )
    .replace(/<\/?[a-z][^<>]*>/gi, breaksOf)
    .replace(
      /&(#x[0-9a-f]{1,6}|#\d{1,7}|amp|lt|gt|quot|apos|nbsp|copy|mdash|ndash|hellip|ldquo|rdquo|lsquo|rsquo);/gi,
      entity,
    )
}

const named: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  mdash: '—',
  ndash: '–',
  hellip: '…',
  ldquo: '“',
  rdquo: '”',
  lsquo: '‘',
  rsquo: '’',
}

function entity(all: string, name: string): string {
  if (!name.startsWith('#')) return named[name.toLowerCase()] ?? all
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return code > 31 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : ''
}
