/**
 * Plain text of any encoding to paragraphs with source lines [EX1]. Blank lines and indents part paragraphs; numbered
 * chapters and underlined lines are headings. Data files keep their lines: tables as tables, the rest as code.
 */
import { decode } from './decode.ts'
import { extractorVersions } from './kinds.ts'
import type { Block, BlockKind, ExtractResult } from './types.ts'

const extensionOf = (name: string) => /\.([^./\\]+)$/.exec(name.toLowerCase())?.[1] ?? ''
const tables = new Set(['csv', 'tsv'])
const codes = new Set([
  'json',
  'jsonl',
  'ndjson',
  'yaml',
  'yml',
  'toml',
  'ini',
  'cfg',
  'conf',
  'properties',
  'log',
  'bib',
  'xml',
])
const subtitles = new Set(['srt', 'vtt', 'sbv'])

export function extractText(bytes: Uint8Array, name: string): ExtractResult {
  const decoded = decode(bytes)
  if (!decoded.ok) {
    return {
      ok: false,
      reason: decoded.looksLike
        ? { code: 'misnamed', data: { detail: decoded.looksLike } }
        : { code: 'unsupported', data: { detail: 'binary' } },
    }
  }
  const source = decoded.text
  if (source.trim() === '') return { ok: false, reason: { code: 'empty', data: {} } }
  const lines = source.split(/\r\n|\n|\r|\u2028|\u2029/)
  const extension = extensionOf(name)
  const blocks = tables.has(extension)
    ? groups(lines, 'table')
    : codes.has(extension)
      ? groups(lines, 'code')
      : subtitles.has(extension)
        ? prose(lines.map((line, i) => (isCue(line, lines[i + 1] ?? '') ? '' : line)))
        : prose(lines)
  const first = blocks[0]
  return {
    ok: true,
    text: {
      extractor: extractorVersions.text,
      kind: 'text',
      title: first?.kind === 'heading' && first.level === 1 ? first.text : null,
      date: null,
      tags: [],
      metadata: { encoding: decoded.encoding },
      pages: null,
      blocks,
      source,
      partial: null,
    },
  }
}

/** Number or time line of a subtitle. */
const timing = /^\s*[\d:.,]+\s*-->\s*[\d:.,]+/
const isCue = (line: string, next: string) =>
  timing.test(line) || (/^\s*\d+\s*$/.test(line) && timing.test(next)) || /^WEBVTT/.test(line)

function block(kind: BlockKind, level: number | null, texts: string[], firstLine: number): Block {
  let at = 0
  const lines = texts.map((text, i) => {
    const start = at
    at += text.length + 1
    return { start, end: start + text.length, page: null, box: null, line: firstLine + i }
  })
  return { kind, level, text: texts.join('\n'), lines }
}

/** Data: runs of lines between blank ones, cut at a size so that one file is not one block. */
function groups(lines: string[], kind: BlockKind): Block[] {
  const blocks: Block[] = []
  let from = 0
  let chars = 0
  for (let i = 0; i <= lines.length; i++) {
    const line = lines[i]
    const blank = line === undefined || line.trim() === ''
    if (blank || chars > 20_000) {
      if (i > from) blocks.push(block(kind, null, lines.slice(from, i), from + 1))
      from = blank ? i + 1 : i
      chars = 0
    }
    chars += (line?.length ?? 0) + 1
  }
  return blocks
}

const sentenceEnd = /[。！？；，、…,.;!?]["”’」』)）]?\s*$/
const chapterZh =
  /^[\s　]*第\s?[零〇一二三四五六七八九十百千万两\d]{1,9}\s?([卷部篇集章回节])(?![节目次个])[\s　:：、.]*(.{0,40})$/
const chapterEn = /^\s*(part|chapter|section)\s+([ivxlc]+|\d+)\b[\s:.—-]*.{0,60}$/i

/** Headings a plain text gives away without guessing: numbered chapters on a line of their own. */
function chapterLevel(line: string): number | null {
  const zh = line.length <= 60 ? chapterZh.exec(line) : null
  if (zh && !sentenceEnd.test(line)) return '卷部篇集'.includes(zh[1]!) ? 1 : zh[1] === '节' ? 3 : 2
  const en = line.length <= 90 ? chapterEn.exec(line) : null
  if (en && !sentenceEnd.test(line))
    return en[1]!.toLowerCase() === 'part' ? 1 : en[1]!.toLowerCase() === 'chapter' ? 2 : 3
  return null
}

function prose(lines: string[]): Block[] {
  const blocks: Block[] = []
  let from = 0
  for (let i = 0; i <= lines.length; i++) {
    if (i < lines.length && lines[i]!.trim() !== '') continue
    if (i > from) paragraphs(lines.slice(from, i), from + 1, blocks)
    from = i + 1
  }
  return blocks
}

/** One run of lines without a blank one between them. */
function paragraphs(run: string[], firstLine: number, into: Block[]): void {
  const wrapped = isWrapped(run)
  let from = 0
  const flush = (to: number) => {
    if (to > from) into.push(block('paragraph', null, run.slice(from, to), firstLine + from))
    from = to
  }
  for (let i = 0; i < run.length; i++) {
    const line = run[i]!
    const next = run[i + 1] ?? ''
    const underline = /^\s*(={3,}|-{3,})\s*$/.exec(next)
    if (underline && line.length <= 120 && !/^\s*[=\-*+|#]/.test(line)) {
      flush(i)
      into.push(block('heading', underline[1]!.startsWith('=') ? 1 : 2, [line.trim()], firstLine + i))
      i++
      from = i + 1
      continue
    }
    const level = chapterLevel(line)
    if (level !== null) {
      flush(i)
      into.push(block('heading', level, [line.trim()], firstLine + i))
      from = i + 1
      continue
    }
    if (i > from && (!wrapped || /^(?:[\t　]| {2,}\S)/.test(line))) flush(i)
  }
  flush(run.length)
}

/** Lines broken by a width (then they are one paragraph) or by the writer (then each is its own)? */
function isWrapped(run: string[]): boolean {
  if (run.length < 2) return false
  const widths = run.slice(0, -1).map(width)
  const longest = Math.max(...widths.slice(0, 1000))
  if (longest < 30 || longest > 200) return false
  const full = widths.filter((one) => one >= longest * 0.75).length
  return full >= widths.length * 0.6
}

/** Columns on a terminal, roughly: what a wrapping editor counts. */
function width(line: string): number {
  let columns = 0
  for (let i = 0; i < line.length && columns < 400; i++) columns += line.charCodeAt(i) >= 0x2e80 ? 2 : 1
  return columns
}
