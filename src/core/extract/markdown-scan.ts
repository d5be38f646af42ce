/**
 * Finds the parts of a Markdown file that need no parser: plain paragraphs, headings, fences, simple lists, tables and
 * quotes, which are nearly all of it. A full CommonMark parse runs at about a megabyte a second and would be most of
 * the time of indexing notes. Whatever is not plainly simple is left to the parser, so a doubt costs time, not text;
 * a test holds both to the same answer.
 */

/** A line of a block, cleared of markup. `line` counts from 0 in the array given. */
export interface ScannedLine {
  text: string
  line: number
}

export type Scanned =
  | { type: 'heading'; level: number; lines: ScannedLine[] }
  | { type: 'paragraph' | 'quote' | 'list' | 'table' | 'code'; lines: ScannedLine[] }
  /** Lines from `from` up to `to` (not included) for the parser. */
  | { type: 'parse'; from: number; to: number }

/** Clears the words of one block, lines parted by '\n', of their inline markup; null where that takes a parser. */
export type Inline = (line: string) => string | null

const blank = /^[ \t]*$/
const fenceStart = /^ {0,3}(`{3,}|~{3,})(.*)$/
const headingStart = /^(#{1,6})(?:[ \t]|$)/
const listItem = /^([ ]*)([-*+]|\d{1,9}[.)])( +)(\[[ xX]\] +)?(\S.*)$/
const listStart = /^\s*(?:[-*+]|\d{1,9}[.)])(?:\s|$)/
const delimiterRow = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/
/** What a line of a plain paragraph does not begin with. */
const blockStart =
  /^(?:\s|[>|<]|[-*+](?:\s|$)|\d{1,9}[.)](?:\s|$)|(?:=+|-+)\s*$|(?:[-*_]\s*){3,}$|\[[^\]]*\]:|:?-+:?\s*\|)/
/** HTML that does not end at a blank line. */
const longHtml = /<(?:!--|script|pre|style|textarea|\?|!\[CDATA\[|![A-Za-z])/i

/** Assumes a text without link definitions. */
export function* scan(
  lines: readonly string[],
  inline: Inline,
  from = 0,
  to = lines.length,
): Generator<Scanned, void, undefined> {
  for (let at = from; at < to;) {
    const line = lines[at]!
    if (blank.test(line)) {
      at++
      continue
    }
    const fence = opensFence(line)
    if (fence) {
      const end = closingFence(lines, at, to, fence.mark)
      const body: ScannedLine[] = []
      for (let i = at + 1; i < Math.min(end, to); i++) {
        body.push({
          text: fence.indent ? lines[i]!.replace(new RegExp(`^ {0,${fence.indent}}`), '') : lines[i]!,
          line: i,
        })
      }
      yield { type: 'code', lines: body }
      at = end + 1
      continue
    }
    const title = headingStart.exec(line)
    if (title) {
      const text = inline(
        line
          .slice(title[1]!.length)
          .trim()
          .replace(/(?:^|[ \t])#+$/, '')
          .trimEnd(),
      )
      if (text === null) yield { type: 'parse', from: at, to: at + 1 }
      else yield { type: 'heading', level: title[1]!.length, lines: [{ text, line: at }] }
      at++
      continue
    }
    const end = endOfRun(lines, at, to)
    const simple = simpleRun(lines, at, end, to, inline)
    if (simple) {
      yield simple.part
      at = simple.end
      continue
    }
    const parsedTo = endForParser(lines, at, end, to)
    yield { type: 'parse', from: at, to: parsedTo }
    at = parsedTo
  }
}

function opensFence(line: string): { mark: string; indent: number } | null {
  const match = fenceStart.exec(line)
  if (!match || (match[1]!.startsWith('`') && match[2]!.includes('`'))) return null
  return { mark: match[1]!, indent: line.indexOf(match[1]!) }
}

function closingFence(lines: readonly string[], at: number, to: number, mark: string): number {
  const close = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}[ \\t]*$`)
  let end = at + 1
  while (end < to && !close.test(lines[end]!)) end++
  return end
}

/** Up to the next blank line, fence or heading at the margin. */
function endOfRun(lines: readonly string[], at: number, to: number): number {
  let end = at + 1
  while (end < to) {
    const line = lines[end]!
    if (blank.test(line) || (/^[`~#]/.test(line) && (opensFence(line) || headingStart.test(line)))) break
    end++
  }
  return end
}

interface Simple {
  part: Scanned
  end: number
}

function simpleRun(
  lines: readonly string[],
  at: number,
  end: number,
  to: number,
  inline: Inline,
): Simple | null {
  const first = lines[at]!
  const whole = (part: Scanned | null) => part && { part, end }
  if (
    first.startsWith('|') ||
    (end - at > 1 && !blockStart.test(first) && delimiterRow.test(lines[at + 1]!))
  ) {
    return end - at > 1 ? whole(table(lines, at, end, inline)) : null
  }
  if (!blockStart.test(first)) {
    // A list may begin right below a paragraph, if its first item has words and, numbered, is the first.
    let stop = at + 1
    while (stop < end && !/^(?:[-*+]|1[.)]) {1,4}\S/.test(lines[stop]!)) stop++
    const part = prose('paragraph', lines, at, stop, (line) => (interrupts(line.trimStart()) ? null : line))
    return part && { part, end: stop }
  }
  if (first.startsWith('>')) {
    return whole(
      prose('quote', lines, at, end, (line, i) => {
        const inner = /^> ?(.*)$/.exec(line)?.[1]
        if (inner === undefined || blank.test(inner) || interrupts(inner)) return null
        // A callout's mark, as Obsidian writes it.
        return i === at ? inner.replace(/^\[!\w+\][+-]? ?/, '') : inner
      }),
    )
  }
  if (/^(?:[-*+]|\d{1,9}[.)]) /.test(first) && !goesOn(lines, end, to))
    return whole(list(lines, at, end, inline))
  return null

  function prose(
    type: 'paragraph' | 'quote',
    lines: readonly string[],
    from: number,
    to: number,
    words: (line: string, i: number) => string | null,
  ): Scanned | null {
    const texts: string[] = []
    for (let i = from; i < to; i++) {
      const text = words(lines[i]!, i)
      if (text === null) return null
      texts.push(text)
    }
    const cleared = clearLines(texts, inline)
    return cleared && { type, lines: cleared.map((text, i) => ({ text, line: from + i })) }
  }
}

/** What is no line of a paragraph already begun. Indented code cannot interrupt one. */
const interrupts = (line: string) =>
  blockStart.test(line) || /^(?:#{1,6}(?:\s|$)|```|~~~)/.test(line) || delimiterRow.test(line)

/** Markup may begin on one line and end on a later one of the same words. */
function clearLines(texts: readonly string[], inline: Inline): string[] | null {
  const cleared = inline(texts.map((text) => text.trim()).join('\n'))?.split('\n')
  return cleared?.length === texts.length ? cleared.map((text) => text.trimEnd()) : null
}

/** After a list a blank line ends nothing if what follows is indented or another item. */
function goesOn(lines: readonly string[], end: number, to: number): boolean {
  let next = end
  while (next < to && blank.test(lines[next]!)) next++
  if (next >= to) return false
  return /^\s/.test(lines[next]!) || listStart.test(lines[next]!)
}

/** Items of one paragraph each, nested by a few spaces. */
function list(lines: readonly string[], at: number, end: number, inline: Inline): Scanned | null {
  const out: ScannedLine[] = []
  const open: { column: number; content: number; kind: string; number: number }[] = []
  let item: { prefix: string; texts: string[]; line: number } | null = null
  const flush = (): boolean => {
    if (!item) return true
    const texts = clearLines(item.texts, inline)
    if (!texts) return false
    for (const [i, text] of texts.entries())
      out.push({ text: i === 0 ? item.prefix + text : text, line: item.line + i })
    return true
  }
  for (let i = at; i < end; i++) {
    const match = listItem.exec(lines[i]!)
    if (!match) {
      const words = lines[i]!.trimStart()
      if (!item || interrupts(words)) return null
      item.texts.push(words)
      continue
    }
    const [, indent, mark, gap, box, words] = match
    const column = indent!.length
    const content = column + mark!.length + gap!.length
    if (gap!.length > 4 || interrupts(words!)) return null
    while (open.length > 0 && column < open.at(-1)!.column) open.pop()
    const kind = mark!.slice(-1)
    const number = Number.parseInt(mark!, 10)
    const last = open.at(-1)
    if (!last) {
      if (column > 3) return null
      open.push({ column, content, kind, number })
    } else if (column >= last.content) {
      // Deeper than code would begin; or a number that may not interrupt its parent's words.
      if (column >= last.content + 4 || number > 1 || number === 0) return null
      open.push({ column, content, kind, number })
    } else if (column === last.column && kind === last.kind) {
      last.number++
      last.content = content
    } else return null
    if (!flush()) return null
    const top = open.at(-1)!
    const shown = Number.isNaN(top.number) ? '- ' : `${top.number}. `
    const tick = box ? (/x/i.test(box) ? '[x] ' : '[ ] ') : ''
    item = { prefix: `${'  '.repeat(open.length - 1)}${shown}${tick}`, texts: [words!], line: i }
  }
  return flush() ? { type: 'list', lines: out } : null
}

function table(lines: readonly string[], at: number, end: number, inline: Inline): Scanned | null {
  if (!delimiterRow.test(lines[at + 1]!) || !lines[at + 1]!.includes('-')) return null
  const cellsOf = (line: string) => {
    const text = line.trim()
    return text
      .slice(text.startsWith('|') ? 1 : 0, text.endsWith('|') && text.length > 1 ? -1 : undefined)
      .split('|')
  }
  const width = cellsOf(lines[at]!).length
  if (width !== cellsOf(lines[at + 1]!).length || (width === 1 && !lines[at]!.includes('|'))) return null
  const out: ScannedLine[] = []
  for (let i = at; i < end; i++) {
    if (i === at + 1) continue
    const line = lines[i]!
    // A row without a bar, an escaped bar, or a line that ends the table.
    if (!line.includes('|') || line.includes('\\|') || /^(?:\s{4}|\t)/.test(line)) return null
    if (i > at && /^(?:>|[-*+]\s|<)/.test(line)) return null
    const cells: string[] = []
    // Cells beyond the head's are no cells; missing ones are empty.
    for (const cell of cellsOf(line).slice(0, width)) {
      const text = inline(cell.trim())
      if (text === null) return null
      cells.push(text.trim())
    }
    out.push({ text: cells.join(' | '), line: i })
  }
  return { type: 'table', lines: out }
}

/** How far the parser has to read so that no list, indented code or HTML is cut in two. */
function endForParser(lines: readonly string[], at: number, end: number, to: number): number {
  let stop = end
  const html = lines.slice(at, end).some((line) => longHtml.test(line))
  if (html) {
    const close = /-->|<\/(?:script|pre|style|textarea)>|\?>|\]\]>/i
    for (let i = at; i < to; i++) {
      if (i >= end && close.test(lines[i]!)) return endOfRun(lines, i, to)
      if (i < end && longHtml.test(lines[i]!) && close.test(lines[i]!)) break
      if (i === to - 1) return to
    }
  }
  let continues = /^\s/.test(lines[at]!) || lines.slice(at, end).some((line) => listStart.test(line))
  while (continues && stop < to) {
    let next = stop
    while (next < to && blank.test(lines[next]!)) next++
    if (next >= to) break
    if (!/^\s/.test(lines[next]!) && !listStart.test(lines[next]!)) break
    stop = endOfRun(lines, next, to)
    continues = true
  }
  return stop
}

// --- inline ---

const special = /[`*_[\]<&\\~]/
/** Stand in for code spans while the rest is cleared; such characters in the text itself go to the parser. */
const codeMark = /[\ue000-\ue0ff]/

/**
 * Code spans, emphasis, links and images, as long as they hold no other of their kind. `note` gets
 * the text as it is outside code, to find tags in, and may rewrite it (wikilinks).
 */
export function clearInline(line: string, note: (text: string) => string): string | null {
  const text = line.trim()
  if (!special.test(text)) return note(text)
  if (codeMark.test(text)) return null
  const codes: string[] = []
  let rest = text
  if (rest.includes('`')) {
    if (rest.includes('``') || (rest.split('`').length & 1) === 0) return null
    rest = rest.replace(/`([^`]+)`/g, (_all, code: string) => {
      codes.push(code.startsWith(' ') && code.endsWith(' ') && code.trim() !== '' ? code.slice(1, -1) : code)
      return String.fromCharCode(0xdfff + codes.length)
    })
    if (codes.length > 256) return null
  }
  if (/\\(?:[!-/:-@[-`{-~\n]|$)|<[A-Za-z/!?]|&#?\w+;/.test(rest)) return null
  if (rest.includes('](')) {
    rest = rest
      .replace(/!\[([^[\]]*)\]\([^()\s<>]*(?: +"[^"]*")?\)/g, (_all, alt: string) =>
        alt.replace(/\|\d+(?:x\d+)?$/, ''),
      )
      .replace(/(?<!!)\[([^[\]]*)\]\([^()\s<>]+(?: +"[^"]*")?\)/g, '$1')
    if (rest.includes('](')) return null
  }
  if (rest.includes('~')) {
    rest = rest.replace(/(?<!~)~~(?=[^\s~])([^~]*[^\s~])~~(?!~)/g, '$1')
    if (rest.split('~').length > 2) return null
  }
  if (rest.includes('*')) {
    rest = rest
      .replace(/(?<!\*)\*\*(?=[^\s*])([^*]*[^\s*])\*\*(?!\*)/g, '$1')
      .replace(/(?<![\p{L}\p{N}*])\*(?=[^\s*])([^*]*[^\s*])\*(?![\p{L}\p{N}*])/gu, '$1')
    // A lone star, or one between spaces, is a star.
    const stars = rest.replace(/(?<=\s|^)\*(?=\s|$)/g, '').split('*').length - 1
    if (stars > 1) return null
  }
  if (rest.includes('_')) {
    rest = rest
      .replace(/(?<![\p{L}\p{N}_])__(?=[^\s_])([^_]*[^\s_])__(?![\p{L}\p{N}_])/gu, '$1')
      .replace(/(?<![\p{L}\p{N}_])_(?=[^\s_])([^_]*[^\s_])_(?![\p{L}\p{N}_])/gu, '$1')
    if (/(?:^|[^\p{L}\p{N}_])_+\S|\S_+(?:$|[^\p{L}\p{N}_])/u.test(rest)) return null
  }
  const noted = note(rest)
  return codes.length === 0
    ? noted
    : noted.replace(/[\ue000-\ue0ff]/g, (mark) => codes[mark.charCodeAt(0) - 0xe000] ?? '')
}
