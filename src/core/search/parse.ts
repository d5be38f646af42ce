/**
 * A typed query to what it asks [SE2]: words, "phrases", -not, and conditions. Every string is a query: what does not read
 * as syntax is text, and no text reaches FTS5 but as tokens of our own between quotes.
 */
import type { DocumentKind } from '../../shared/document.ts'
import type { Condition } from './documents.ts'
import { keywordTokens } from './keyword-tokens.ts'

export interface ParsedQuery {
  /** Words and phrases without syntax: what is embedded and reranked, and whose tokens are searched. */
  text: string
  /** The same, one word or phrase each. */
  pieces: string[]
  /** Each must stand in a hit, where the library has it at all. */
  phrases: string[]
  /** None may stand in a hit. */
  not: string[]
  conditions: Condition[]
  /** ISO dates, inclusive. */
  after: string | null
  before: string | null
  /** The last word, folded, when it is Latin and still being typed. */
  prefix: string | null
  /** The query was longer than is searched. */
  cut: boolean
}

/** Beyond this a query is a document; its head says what it is about. */
export const maxSearchedChars = 10_000

const kindNames: Partial<Record<string, DocumentKind>> = {
  pdf: 'pdf',
  md: 'markdown',
  markdown: 'markdown',
  note: 'markdown',
  笔记: 'markdown',
  txt: 'text',
  text: 'text',
  文本: 'text',
  other: 'other',
}
const fieldNames: Record<string, Condition['field'] | 'after' | 'before'> = {
  type: 'kind',
  类型: 'kind',
  tag: 'tag',
  标签: 'tag',
  in: 'in',
  文件夹: 'in',
  author: 'author',
  作者: 'author',
  after: 'after',
  before: 'before',
}

/** Opening quotes and what closes each. */
const quotes: Record<string, string> = { '"': '"', '“': '”', '„': '“', '「': '」', '『': '』', '＂': '＂' }
const isSpace = (char: string): boolean => /\s/u.test(char)

export interface ParseOptions {
  typing?: boolean
  /** Front-matter fields of the library, lower case: only these are conditions, so "error: no file" stays text. */
  fields?: ReadonlySet<string>
}

export function parseQuery(
  given: string,
  { typing = false, fields = new Set() }: ParseOptions = {},
): ParsedQuery {
  const cut = given.length > maxSearchedChars
  // Control characters would end a string inside SQLite; a lone surrogate is no text.
  const query = given
    .slice(0, maxSearchedChars)
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
  const parsed: ParsedQuery = {
    text: '',
    pieces: [],
    phrases: [],
    not: [],
    conditions: [],
    after: null,
    before: null,
    prefix: null,
    cut,
  }
  const words: string[] = []
  let lastIsPlain = false
  let at = 0
  while (at < query.length) {
    if (isSpace(query[at]!)) {
      at++
      lastIsPlain = false
      continue
    }
    lastIsPlain = false
    const negated = isNegation(query, at)
    const from = negated ? at + 1 : at
    const quoted = readQuoted(query, from)
    if (quoted) {
      at = quoted.end
      if (!hasToken(quoted.text)) continue
      if (negated) parsed.not.push(quoted.text)
      else {
        // Inside a running sentence (谁写了“狂人日记”？) quotation marks name something; they do not ask for it to the letter.
        const standsAlone =
          (from === 0 || isSpace(query[from - 1]!)) && (at === query.length || isSpace(query[at]!))
        if (standsAlone) parsed.phrases.push(quoted.text)
        words.push(quoted.text)
      }
      continue
    }
    const condition = readCondition(query, from, fields)
    if (condition) {
      at = condition.end
      const { field, key, value } = condition
      if (field === 'after') parsed.after = later(parsed.after, firstDay(value)!)
      else if (field === 'before') parsed.before = earlier(parsed.before, dayBefore(firstDay(value)!))
      else
        parsed.conditions.push({
          field,
          key,
          value: field === 'kind' ? (kindNames[value.toLowerCase()] ?? value) : value,
          not: negated,
        })
      continue
    }
    let end = from
    while (end < query.length && !isSpace(query[end]!) && !(end > from && startsQuoted(query, end))) end++
    const word = query.slice(from, end)
    at = end
    if (negated && hasToken(word)) parsed.not.push(word)
    else {
      words.push(query.slice(negated ? from - 1 : from, end))
      lastIsPlain = true
    }
  }
  parsed.text = words.join(' ')
  parsed.pieces = words
  if (typing && lastIsPlain && !cut) parsed.prefix = openWord(parsed.text)
  return parsed
}

const hasToken = (text: string): boolean => keywordTokens(text).length > 0

/** A minus that begins a word and is not a number's sign: not in "well-known", not "-5". */
function isNegation(query: string, at: number): boolean {
  const sign = query[at]!
  if (sign !== '-' && sign !== '－' && sign !== '−') return false
  if (at > 0 && !isSpace(query[at - 1]!)) return false
  const next = query[at + 1]
  return next !== undefined && !isSpace(next) && !/[-－−\d]/.test(next)
}

function startsQuoted(query: string, at: number): boolean {
  return query[at] !== '"' && query[at] !== '＂'
    ? readQuoted(query, at) !== null
    : isSpace(query[at - 1] ?? ' ')
}

/** A quotation mark that is never closed is only a character, except as the last thing typed. */
function readQuoted(query: string, at: number): { text: string; end: number } | null {
  const close = quotes[query[at] ?? '']
  if (close === undefined) return null
  const end = query.indexOf(close, at + 1)
  return end < 0 ? null : { text: query.slice(at + 1, end), end: end + 1 }
}

function readCondition(query: string, at: number, fields: ReadonlySet<string>) {
  const match = /[\p{L}\p{N}_-]{1,40}(?=[:：])/uy
  match.lastIndex = at
  const name = match.exec(query)?.[0]
  if (name === undefined) return null
  const key = name.toLowerCase()
  const known = Object.hasOwn(fieldNames, key) ? fieldNames[key]! : fields.has(key) ? 'metadata' : null
  if (known === null) return null
  const from = at + name.length + 1
  const quoted = readQuoted(query, from)
  let end = quoted?.end ?? from
  if (!quoted) while (end < query.length && !isSpace(query[end]!)) end++
  const value = (quoted?.text ?? query.slice(from, end)).trim()
  if (value === '') return null
  // Besides the kinds, the ending of a name: type:epub finds what is known by name only.
  if (known === 'kind' && !/^[\p{L}\p{N}]{1,12}$/u.test(value)) return null
  if ((known === 'after' || known === 'before') && firstDay(value) === null) return null
  return { field: known, key: known === 'metadata' ? key : '', value, end }
}

/** 2024, 2024-03, 2024/3/14, 2024年3月14日: the first day of what is named, as an ISO date. */
function firstDay(text: string): string | null {
  const match = /^(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?$/.exec(text)
  if (!match) return null
  const [, year, month = '1', day = '1'] = match
  if (year === '0000') return null
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const date = new Date(`${iso}T00:00:00Z`)
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso ? null : iso
}

/** `before:` does not include the day it names, the filter's `before` does. */
function dayBefore(iso: string): string {
  const date = new Date(`${iso}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() - 1)
  return date.toISOString().slice(0, 10)
}

const later = (a: string | null, b: string): string => (a !== null && a > b ? a : b)
const earlier = (a: string | null, b: string): string => (a !== null && a < b ? a : b)

/** The word at the very end, when one or two more letters would still be the same word. */
function openWord(text: string): string | null {
  const last = keywordTokens(text.slice(-64)).findLast((token) => token.kind === 'word')
  const tail = text.slice(-64).length
  return last && last.end === tail && /^\p{Script=Latin}[\p{Script=Latin}\p{N}]+$/u.test(last.text)
    ? last.text
    : null
}
