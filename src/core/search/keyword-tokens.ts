/**
 * The one function that turns text into keyword tokens, for documents, queries, names and marks [SE1]. Change anything
 * here that changes a token and `keywordTokensVersion` goes up: an index made by another version is searched as well as
 * it can be, and a new one is offered.
 *
 * Text is NFKC, lower case, Latin without accents, Simplified Chinese. A *position* is a word or a single character of a
 * script written without spaces; beside it stand tokens derived from it: stem, bigram, whole identifier, its pieces.
 */
import { stemmer } from 'stemmer'
import { simplifier } from './simplify.ts'

export const keywordTokensVersion = 'keywords/1'

/**
 * word, character: a position. The rest are derived: stem (only where it differs), bigram of neighbouring characters,
 * whole (snake_case, v1.2.3, c++, a@b.org), piece (of camelCase, gpt4, or a hyphen left out), regional (软件 for 軟體).
 */
export type TokenKind = 'word' | 'character' | 'stem' | 'bigram' | 'whole' | 'piece' | 'regional'

/** `start` and `end` are UTF-16 offsets into the text as given. */
export interface Token {
  text: string
  kind: TokenKind
  start: number
  end: number
}

type Emit = (text: string, kind: TokenKind, start: number, end: number) => void

export const isPosition = (kind: TokenKind): boolean => kind === 'word' || kind === 'character'

export function keywordTokens(text: string): Token[] {
  const tokens: Token[] = []
  scan(text, (token, kind, start, end) => void tokens.push({ text: token, kind, start, end }))
  return tokens
}

/** What one FTS5 row holds of a text: positions in reading order, so that phrases match, and the derived tokens. */
export function indexedTokens(text: string): { words: string; derived: string; positions: number } {
  let words = ''
  let derived = ''
  let positions = 0
  scan(text, (token, kind) => {
    if (kind === 'word' || kind === 'character') {
      words += words === '' ? token : ` ${token}`
      positions++
    } else derived += derived === '' ? token : ` ${token}`
  })
  return { words, derived, positions }
}

/** All tokens of a name or title, joined by spaces. */
export function nameTokens(text: string): string {
  const { words, derived } = indexedTokens(text)
  return derived === '' ? words : `${words} ${derived}`
}

/** FTS5 option under which our tokens stay whole: everything not ASCII is a token character there already. */
export const ftsTokenizer = `ascii tokenchars '_.+#-@'`

/** Classes of code points. */
const kinds = { separator: 0, word: 1, character: 2, mark: 3 } as const
/** Longer runs without a space are data, not words; both sides cut alike. */
const maxWordChars = 64
const maxWholeParts = 12

/** Class and folded form of a code point, computed once each. ASCII needs no table. */
const classes = new Uint8Array(0x110000).fill(255)
const folds = new Map<number, string>()

function classify(codePoint: number): number {
  const known = classes[codePoint]!
  if (known !== 255) return known
  const char = String.fromCodePoint(codePoint)
  const normal = char.normalize('NFKC')
  const first = String.fromCodePoint(normal.codePointAt(0) ?? 0x20)
  let found: number = kinds.separator
  let fold = normal.toLowerCase()
  if (
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u30fc]/u.test(
      first,
    ) &&
    /[\p{L}\p{N}]/u.test(first)
  ) {
    found = kinds.character
    fold = simplifier().character(first)
  } else if (/[\p{L}\p{N}]/u.test(first)) {
    found = kinds.word
    fold = fold.replace(/[^\p{L}\p{N}]/gu, '')
    if (/\p{Script=Latin}/u.test(first)) fold = fold.normalize('NFD').replace(/\p{Mn}/gu, '')
  } else if (/\p{M}/u.test(first)) {
    found = kinds.mark
    // Combining accents belong to the Latin letter before them and go with it; vowel signs of other scripts stay.
    fold = /[\u0300-\u036f\u3099\u309a\ufe00-\ufe0f]/u.test(first) ? '' : fold
  } else if (normal.length === 1 && normal.charCodeAt(0) < 128) {
    // Full-width ＿ ． － ＠ ＋ ＃ join words as their narrow forms do.
    fold = normal
  } else if (/[\u00ad\u200b-\u200d\u2060\ufeff]/u.test(char)) {
    // Soft hyphen and zero-width characters are not there.
    found = kinds.mark
    fold = ''
  } else fold = ' '
  classes[codePoint] = found
  folds.set(codePoint, fold)
  return found
}

const isAsciiWord = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57)

function classAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code < 128) return isAsciiWord(code) ? kinds.word : kinds.separator
  return classify(text.codePointAt(at)!)
}

const widthAt = (text: string, at: number): number => (text.codePointAt(at)! > 0xffff ? 2 : 1)

/** The folded character at `at`; for a separator the ASCII character it stands for, else a space. */
function foldAt(text: string, at: number): string {
  const code = text.charCodeAt(at)
  if (code < 128) return code >= 65 && code <= 90 ? String.fromCharCode(code + 32) : text[at]!
  const codePoint = text.codePointAt(at)!
  classify(codePoint)
  return folds.get(codePoint)!
}

function scan(text: string, emit: Emit): void {
  let at = 0
  while (at < text.length) {
    const found = classAt(text, at)
    if (found === kinds.word) at = scanWords(text, at, emit)
    else if (found === kinds.character) at = scanCharacters(text, at, emit)
    else at += widthAt(text, at)
  }
}

function scanCharacters(text: string, from: number, emit: Emit): number {
  const starts: number[] = []
  const chars: string[] = []
  let at = from
  let astral = false
  while (at < text.length) {
    const found = classAt(text, at)
    if (found === kinds.mark) {
      at += widthAt(text, at)
      continue
    }
    if (found !== kinds.character) break
    starts.push(at)
    const fold = foldAt(text, at)
    chars.push(fold)
    const width = widthAt(text, at)
    astral ||= width !== 1 || fold.length !== 1
    at += width
  }
  starts.push(at)
  for (let i = 0; i < chars.length; i++) {
    emit(chars[i]!, 'character', starts[i]!, starts[i + 1]!)
    if (i > 0) emit(chars[i - 1]! + chars[i]!, 'bigram', starts[i - 1]!, starts[i + 1]!)
  }
  if (astral || chars.length < 2 || at - from !== chars.length) return at
  const simple = chars.join('')
  const original = text.slice(from, at)
  for (let i = 0; i < simple.length - 1; i++) {
    const phrase = simplifier().phraseAt(simple, original, i)
    if (!phrase) continue
    const { word, length } = phrase
    for (let k = 0; k + 1 < word.length; k++)
      emit(word.slice(k, k + 2), 'regional', from + i, from + i + length)
    i += length - 1
  }
  return at
}

const joiners = '_.-@'

function scanWords(text: string, from: number, emit: Emit): number {
  let at = from
  let part = ''
  let partStart = from
  let parts = 0
  let whole = ''
  let joined = ''
  let hyphens = 0
  let partEnd = from

  const closePart = (): void => {
    if (part === '') return
    emitWord(part, text, partStart, partEnd, emit)
    parts++
    if (parts <= maxWholeParts) whole += part
    joined += part
    part = ''
  }

  while (at < text.length) {
    const found = classAt(text, at)
    if (found === kinds.word || found === kinds.mark) {
      if (part === '') partStart = at
      if (part.length < maxWordChars) part += foldAt(text, at)
      at += widthAt(text, at)
      partEnd = at
      continue
    }
    if (found === kinds.character) break
    const sign = foldAt(text, at)
    const next = at + 1 < text.length ? classAt(text, at + 1) : kinds.separator
    if ((sign === "'" || text[at] === '\u2019') && next === kinds.word) {
      // don't is dont; king's is king.
      const after = at + 2 < text.length ? classAt(text, at + 2) : kinds.separator
      if (foldAt(text, at + 1) === 's' && after !== kinds.word && after !== kinds.mark) {
        closePart()
        at += 2
        break
      }
      at++
      continue
    }
    if (sign === ',' && next === kinds.word && /\d$/.test(part) && /\d/.test(foldAt(text, at + 1))) {
      at++
      continue
    }
    if ((sign === '+' || sign === '#') && part !== '') {
      const twice = foldSafe(text, at + 1) === sign
      if ((twice && sign === '+') || part.length <= 2) {
        const end = at + (twice && sign === '+' ? 2 : 1)
        const name = whole + part + (end - at === 2 ? '++' : sign)
        const start = parts === 0 ? partStart : from
        closePart()
        emit(name.slice(0, maxWordChars), 'whole', start, end)
        return end
      }
      break
    }
    if (joiners.includes(sign) && next === kinds.word && part !== '') {
      closePart()
      if (parts <= maxWholeParts) whole += sign
      if (sign === '-') hyphens++
      at++
      continue
    }
    break
  }
  closePart()
  if (parts > 1 && parts <= maxWholeParts) {
    const name = whole.slice(0, maxWordChars)
    // An ending 's was dropped, and may have left its joiner.
    emit(name, 'whole', from, partEnd)
    if (hyphens === 1 && parts === 2 && joined.length <= 24) emit(joined, 'piece', from, partEnd)
  }
  return Math.max(at, from + 1)
}

const foldSafe = (text: string, at: number): string => (at < text.length ? foldAt(text, at) : '')

/** The classic suffix stripper of Porter (1980), remembered: a library has few distinct words and many occurrences. */
const stems = new Map<string, string>()
const maxStems = 100_000

export function stem(word: string): string {
  let found = stems.get(word)
  if (found === undefined) {
    found = stemmer(word)
    if (stems.size >= maxStems) stems.clear()
    stems.set(word, found)
  }
  return found
}

const isLatin = /^[a-z]+$/
const hasDigit = /\d/
const lettersOrDigits = /\d+|[^\d]+/g
const camelPieces = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g
const camelHint = /[a-z][A-Z]|[A-Z]{2}[a-z]/

function emitWord(word: string, text: string, start: number, end: number, emit: Emit): void {
  emit(word, 'word', start, end)
  if (word.length < 3) return
  if (isLatin.test(word)) {
    const root = stem(word)
    if (root !== word) emit(root, 'stem', start, end)
    if (end - start === word.length) {
      const original = text.slice(start, end)
      if (camelHint.test(original)) {
        for (const match of original.matchAll(camelPieces)) {
          const piece = match[0].toLowerCase()
          if (piece.length < 2 || piece === word) continue
          const pieceStart = start + match.index
          emit(piece, 'piece', pieceStart, pieceStart + piece.length)
        }
      }
    }
  } else if (word.length <= 24 && hasDigit.test(word) && end - start === word.length) {
    const pieces = [...word.matchAll(lettersOrDigits)]
    if (pieces.length < 2 || pieces.length > 4) return
    for (const match of pieces) {
      emit(match[0], 'piece', start + match.index, start + match.index + match[0].length)
    }
  }
}
