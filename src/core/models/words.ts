/**
 * Where a text may be cut so that its parts, tokenised apart, give the tokens of the whole: only then can words be
 * cached. Knows three families of tokenizers by their tokenizer.json, and says no (null) to every other.
 */

/** Start of the next part after `start`; the text's length when there is none. */
export type WordEnds = (text: string, start: number) => number

type Step = { type?: unknown; [key: string]: unknown }

const steps = (value: unknown, key: string): Step[] => {
  if (typeof value !== 'object' || value === null) return []
  const step = value as Step
  const inner = step[key]
  return step.type === 'Sequence' && Array.isArray(inner) ? inner.flatMap((one) => steps(one, key)) : [step]
}

const isWordCharacter = (unit: number): boolean =>
  (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a)

/** A character no normaliser turns into a space or drops: printable ASCII, Han and its punctuation. */
const isSolid = (unit: number): boolean => (unit > 0x20 && unit < 0x7f) || (unit > 0x3000 && unit < 0xa000)

/**
 * Before a single space between a solid character and a word character. The part then begins with the space itself,
 * which every pipeline below turns into the mark that its first piece would get at the start of a text as well.
 */
const beforeSpacedWords: WordEnds = (text, start) => {
  for (let at = text.indexOf(' ', start + 1); at > 0; at = text.indexOf(' ', at + 1)) {
    if (isWordCharacter(text.charCodeAt(at + 1)) && isSolid(text.charCodeAt(at - 1))) return at
  }
  return text.length
}

const isHan = (unit: number): boolean =>
  (unit >= 0x4e00 && unit <= 0x9fff) ||
  (unit >= 0x3400 && unit <= 0x4dbf) ||
  (unit >= 0xf900 && unit <= 0xfaff)

/** BERT puts spaces around every Han character and splits at white space: cut around both. */
const aroundHanAndSpaces: WordEnds = (text, start) => {
  if (isHan(text.charCodeAt(start))) return start + 1
  for (let at = start + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === 0x20 || unit === 0x0a || isHan(unit)) return at
  }
  return text.length
}

const perCharacter = new Set(['NFKC', 'NFC', 'NFD', 'NFKD', 'Lowercase', 'StripAccents', 'Precompiled'])
const manySpaces = /^[ \u2581]?(\{2,\}|\+)$/

/** `joinsWords`: some vocabulary piece reaches over a space. */
export function wordEnds(normalizer: unknown, preTokenizer: unknown, joinsWords: boolean): WordEnds | null {
  const normalisers = steps(normalizer, 'normalizers')
  const splitters = steps(preTokenizer, 'pretokenizers')
  const types = splitters.map((step) => step.type)

  if (types.length === 1 && types[0] === 'BertPreTokenizer') {
    const bert =
      normalisers.length === 1 && normalisers[0]!.type === 'BertNormalizer' ? normalisers[0]! : null
    return bert?.clean_text === true && bert.handle_chinese_chars === true ? aroundHanAndSpaces : null
  }
  if (joinsWords) return null

  const pattern = (step: Step): unknown => (step.pattern as { Regex?: unknown } | undefined)?.Regex
  const metaspace = splitters.at(-1)
  const splitsAtSpaces =
    metaspace?.type === 'Metaspace' &&
    (metaspace.prepend_scheme ?? 'always') === 'always' &&
    types.slice(0, -1).every((type) => type === 'WhitespaceSplit')
  if (splitsAtSpaces) {
    const plain = normalisers.every(
      (step) =>
        perCharacter.has(String(step.type)) ||
        (step.type === 'Replace' &&
          manySpaces.test(String(pattern(step))) &&
          /^[ \u2581]$/.test(String(step.content))),
    )
    return plain ? beforeSpacedWords : null
  }

  // Manifold's own: a mark before every word of a script with spaces, all spaces dropped, a split before each mark.
  const marksWords =
    splitters.length === 1 &&
    splitters[0]!.type === 'Split' &&
    splitters[0]!.invert === true &&
    pattern(splitters[0]!) === '\u2581?[^\u2581]+'
  if (marksWords) {
    const [form, lower, invisible, spaces, words, drop] = normalisers
    const isOurs =
      normalisers.length === 6 &&
      form!.type === 'NFKC' &&
      lower!.type === 'Lowercase' &&
      invisible!.content === '' &&
      spaces!.content === ' ' &&
      words!.content === '\u2581' &&
      /^\(\?<!\[0-9a-z[^\]]*\]\)\(\?=\[0-9a-z[^\]]*\]\)$/.test(String(pattern(words!))) &&
      drop!.content === '' &&
      (drop!.pattern as { String?: unknown }).String === ' '
    return isOurs ? beforeSpacedWords : null
  }
  return null
}
