/**
 * Text to token ids, exactly as the model's tokenizer.json says. `@huggingface/tokenizers` does the work; added here:
 * truncation, pairs, and speed (a cache of words, and ids remembered between counting and embedding).
 * Refuses a tokenizer.json that is not one.
 */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import { createUnigram } from './unigram.ts'
import { wordEnds } from './words.ts'

export interface Encoding {
  ids: Int32Array
  /** Tokens that did not fit: 0 unless the text was too long. */
  dropped: number
}

export interface PairEncoding extends Encoding {
  /** 0 for the first text and its special tokens, 1 for the second. */
  types: Uint8Array
}

export interface Tokenizer {
  /** Highest id + 1: what the embedding table must have at least. */
  readonly size: number
  readonly padId: number
  readonly paddingSide: 'left' | 'right'
  /** Special tokens that a single text, or a pair, gets. */
  readonly singleOverhead: number
  readonly pairOverhead: number
  /** Whether a single text has a special token after it. */
  readonly endsWithSpecial: boolean
  /** Tokens of one text, special ones included, before any truncation. */
  count(text: string): number
  /** Keeps the special tokens and the text's beginning. Does not tokenise again what was counted lately. */
  encode(text: string, maxTokens: number): Encoding
  /** Ids of the text alone: no special tokens, nothing cut. */
  encodePlain(text: string): Int32Array
  /** The longer text is cut first, so a short query stays whole; both lose only when each is over half the limit. */
  encodePair(first: string, second: string, maxTokens: number): PairEncoding
}

const maxTokenId = 4_000_000

const TokenizerFile = z.looseObject({
  // The vocabulary is checked by hand below: a schema takes longer over a million entries than everything else here.
  model: z.looseObject({
    type: z.enum(['WordPiece', 'BPE', 'Unigram']).optional(),
    unk_id: z.number().int().min(0).nullish(),
  }),
  added_tokens: z
    .array(
      z.looseObject({
        id: z.number().int().min(0).max(maxTokenId),
        content: z.string().min(1).max(1000),
        normalized: z.boolean().optional(),
        lstrip: z.boolean().optional(),
        rstrip: z.boolean().optional(),
      }),
    )
    .max(10_000)
    .default([]),
  normalizer: z.unknown().default(null),
  pre_tokenizer: z.unknown().default(null),
  post_processor: z.unknown().default(null),
  decoder: z.unknown().default(null),
})
type TokenizerFile = z.infer<typeof TokenizerFile>

const Special = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish()
const TokenizerConfigFile = z.looseObject({
  pad_token: Special,
  padding_side: z.enum(['left', 'right']).nullish(),
  truncation_side: z.enum(['left', 'right']).nullish(),
  remove_space: z.boolean().nullish(),
  do_lowercase_and_remove_accent: z.boolean().nullish(),
})

/** Words kept in the cache, and tokens remembered between counting and embedding (4 bytes each, twice). */
const cachedWords = 60_000
const cachedWordChars = 48
const rememberedTokens = 1_000_000

export interface TokenizerOptions {
  /** false: the package's own path for every text; what the fast path is tested against. */
  fast?: boolean
}

/** `tokenizer` and `config` are the parsed tokenizer.json and tokenizer_config.json. Throws 'model-invalid'. */
export function createTokenizer(
  tokenizer: unknown,
  config: unknown,
  options: TokenizerOptions = {},
): Tokenizer {
  const file = TokenizerFile.safeParse(tokenizer)
  if (!file.success)
    throw invalid(`tokenizer.json is not a tokenizer: ${z.prettifyError(file.error).slice(0, 300)}`)
  const settings = TokenizerConfigFile.safeParse(config ?? {})
  if (!settings.success) throw invalid('tokenizer_config.json is not what it should be')
  const { vocab, size } = readVocabulary(file.data)
  const plain = options.fast === false || needsPackage(file.data, settings.data)
  let inner: HuggingFaceTokenizer
  let contentIds: (text: string) => Int32Array
  try {
    // Our own Unigram does the work; the package then needs the special tokens only, and builds no second trie.
    const ownUnigram = !plain && Array.isArray(vocab)
    inner = new HuggingFaceTokenizer(
      ownUnigram
        ? { ...file.data, model: { type: 'WordPiece', vocab: specialIds(file.data, vocab) } }
        : file.data,
      settings.data,
    )
    contentIds = plain
      ? (text) => Int32Array.from(inner.encode(text, { add_special_tokens: false }).ids)
      : createContentEncoder(inner, file.data, vocab)
  } catch (error) {
    throw invalid(`the tokenizer is of a kind that cannot be read: ${String(error).slice(0, 200)}`, error)
  }
  const single = readTemplate(inner, false)
  const pair = readTemplate(inner, true)
  const keepsEnd = settings.data.truncation_side === 'left'
  const cut = (ids: Int32Array, keep: number): Int32Array => {
    if (ids.length <= keep) return ids
    return keepsEnd ? ids.subarray(ids.length - keep) : ids.subarray(0, keep)
  }
  const remembered = createRecent(contentIds)

  const padToken = settings.data.pad_token
  const padText = typeof padToken === 'object' && padToken !== null ? padToken.content : padToken
  return {
    size,
    padId: (padText ? inner.token_to_id(padText) : undefined) ?? 0,
    paddingSide: settings.data.padding_side ?? 'right',
    singleOverhead: single.overhead,
    pairOverhead: pair.overhead,
    endsWithSpecial: single.endsWithSpecial,
    encodePlain: (text) => contentIds(text),
    count: (text) => remembered(text).length + single.overhead,
    encode(text, maxTokens) {
      const content = remembered(text)
      const kept = cut(content, Math.max(0, maxTokens - single.overhead))
      return { ids: single.fill(kept, kept).ids, dropped: content.length - kept.length }
    },
    encodePair(first, second, maxTokens) {
      const a = remembered(first)
      const b = contentIds(second)
      const [keepA, keepB] = longestFirst(a.length, b.length, Math.max(0, maxTokens - pair.overhead))
      const filled = pair.fill(cut(a, keepA), cut(b, keepB))
      return { ...filled, dropped: a.length + b.length - keepA - keepB }
    },
  }
}

/** How many of `a` and `b` tokens stay when `limit` may; the reference implementation's longest_first. */
export function longestFirst(a: number, b: number, limit: number): [number, number] {
  if (a + b <= limit) return [a, b]
  const shorter = Math.min(a, b)
  let small = shorter
  let large = Math.max(shorter, limit - shorter)
  if (small + large > limit) {
    small = Math.floor(limit / 2)
    large = small + (limit % 2)
  }
  return a <= b ? [small, large] : [large, small]
}

const invalid = (message: string, cause?: unknown): AppError =>
  new AppError('model-invalid', message, { cause, data: { problem: 'tokenizer' } })

/** The parts of the package's tokenizer used besides its public face; checked once, here. */
interface Insides {
  normalizer: { normalize(text: string): string } | null
  pre_tokenizer: { pre_tokenize(text: string, options: { section_index: number }): string[] } | null
  model: { (words: string[]): string[]; tokens_to_ids: Map<string, number>; unk_token_id: number | undefined }
  post_processor:
    | ((
        tokens: string[],
        pair: string[] | null,
        special: boolean,
      ) => { tokens: string[]; tokens_pair?: string[] | null; token_type_ids?: number[] })
    | null
}

/** Where the special tokens stand around one text or two, found by asking with markers. */
function readTemplate(inner: HuggingFaceTokenizer, isPair: boolean) {
  const markers = ['\u0000A', '\u0000B']
  const { post_processor: process } = inner as unknown as Insides
  const [first, second] = [[markers[0]!], isPair ? [markers[1]!] : null]
  let {
    tokens,
    token_type_ids: types,
    tokens_pair: loose,
  } = process?.(first, second, true) ?? { tokens: first }
  if (isPair && !tokens.includes(markers[1]!)) {
    tokens = [...tokens, ...(loose ?? second!)]
    types = undefined
  }
  const parts = tokens.map((token, i) => ({
    text: markers.indexOf(token),
    id: inner.token_to_id(token) ?? 0,
    type: types?.[i] ?? (isPair && token === markers[1] ? 1 : 0),
  }))
  const overhead = parts.filter((part) => part.text < 0).length
  return {
    overhead,
    endsWithSpecial: (parts.at(-1)?.text ?? 0) < 0,
    fill(a: Int32Array, b: Int32Array): { ids: Int32Array; types: Uint8Array } {
      const length = overhead + a.length + (isPair ? b.length : 0)
      const ids = new Int32Array(length)
      const filled = new Uint8Array(length)
      let at = 0
      for (const part of parts) {
        const from = part.text === 0 ? a : part.text === 1 ? b : null
        if (from) ids.set(from, at)
        else ids[at] = part.id
        const end = at + (from?.length ?? 1)
        if (part.type !== 0) filled.fill(part.type, at, end)
        at = end
      }
      return { ids, types: filled }
    },
  }
}

type Vocabulary = [string, number][] | Record<string, number>

/** Throws 'model-invalid' unless it is a list of pieces with scores or a map of tokens to ids. */
function readVocabulary({ model, added_tokens: added }: TokenizerFile): { vocab: Vocabulary; size: number } {
  const vocab: unknown = model.vocab
  let size = 0
  for (const { id } of added) size = Math.max(size, id + 1)
  if (Array.isArray(vocab)) {
    const sound = vocab.every(
      (one) => Array.isArray(one) && typeof one[0] === 'string' && Number.isFinite(one[1]),
    )
    if (sound && vocab.length > 0 && vocab.length <= maxTokenId && (model.unk_id ?? 0) < vocab.length) {
      return { vocab: vocab as [string, number][], size: Math.max(size, vocab.length) }
    }
  } else if (typeof vocab === 'object' && vocab !== null) {
    const ids = Object.values(vocab)
    for (const id of ids) size = Math.max(size, Number(id) + 1)
    if (ids.length > 0 && size <= maxTokenId && ids.every((id) => Number.isInteger(id) && id >= 0)) {
      return { vocab: vocab as Record<string, number>, size }
    }
  }
  throw invalid('the vocabulary of tokenizer.json is not one')
}

/** Kinds whose texts go the package's own way: rare old flags, and added tokens looked for after normalising. */
const needsPackage = (file: TokenizerFile, config: z.infer<typeof TokenizerConfigFile>): boolean =>
  config.remove_space === true ||
  config.do_lowercase_and_remove_accent === true ||
  (file.normalizer !== null && file.added_tokens.some((token) => token.normalized))

/** Ids of the tokens a template may name. */
function specialIds(file: TokenizerFile, vocab: [string, number][]): Record<string, number> {
  const names = new Set(
    JSON.stringify(file.post_processor ?? null)
      .match(/"(?:[^"\\]|\\.)*"/g)
      ?.map((text) => JSON.parse(text) as string),
  )
  const ids: Record<string, number> = {}
  vocab.forEach(([piece], id) => {
    if (names.has(piece)) ids[piece] = id
  })
  for (const { content, id } of file.added_tokens) ids[content] = id
  return ids
}

/** Ids of a text without special tokens. */
function createContentEncoder(
  inner: HuggingFaceTokenizer,
  file: TokenizerFile,
  vocab: Vocabulary,
): (text: string) => Int32Array {
  const { normalizer, pre_tokenizer: preTokenizer, model } = inner as unknown as Insides
  const added = new Map(file.added_tokens.map((token) => [token.content, token]))
  // The longest first: that is the one the reference takes.
  const contents = [...added.keys()].sort((a, b) => b.length - a.length)
  const addedPattern =
    contents.length > 0
      ? new RegExp(contents.map((one) => one.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|'), 'gu')
      : null

  const firsts = [...new Set(contents.map((one) => one[0]!))]

  const unigram = Array.isArray(vocab) ? createUnigram(vocab, file.model.unk_id ?? -1) : null
  const ends = wordEnds(file.normalizer, file.pre_tokenizer, unigram?.joinsWords ?? false)
  const { tokens_to_ids: idOf, unk_token_id: unknownId } = model

  function encodeSegment(text: string, section: number, out: number[]): void {
    const normalised = normalizer ? normalizer.normalize(text) : text
    if (normalised.length === 0) return
    const words = preTokenizer
      ? preTokenizer.pre_tokenize(normalised, { section_index: section })
      : [normalised]
    if (unigram) for (const word of words) unigram.encode(word, out)
    else
      for (const word of words) for (const token of model([word])) out.push(idOf.get(token) ?? unknownId ?? 0)
  }

  const cache = new Map<string, Int32Array>()
  function encodeCached(text: string, out: number[]): void {
    if (text.length > cachedWordChars) return encodeSegment(text, 0, out)
    let ids = cache.get(text)
    if (!ids) {
      const fresh: number[] = []
      encodeSegment(text, 0, fresh)
      ids = new Int32Array(fresh)
      if (cache.size >= cachedWords) cache.clear()
      cache.set(text, ids)
    }
    for (let i = 0; i < ids.length; i++) out.push(ids[i]!)
  }

  function encodeSection(text: string, section: number, out: number[]): void {
    if (!ends) return encodeSegment(text, section, out)
    let start = 0
    for (let at = ends(text, 0); at < text.length; at = ends(text, start)) {
      encodeCached(text.slice(start, at), out)
      start = at
    }
    encodeCached(text.slice(start), out)
  }

  return (text) => {
    const out: number[] = []
    const mayHave = firsts.some((first) => text.includes(first))
    const matches = addedPattern && mayHave ? [...text.matchAll(addedPattern)] : []
    if (matches.length === 0) {
      encodeSection(text, 0, out)
      return new Int32Array(out)
    }
    // Added tokens stand between sections of ordinary text; some swallow the white space beside them.
    let from = 0
    let section = 0
    let stripStart = false
    const ordinary = (part: string, stripEnd: boolean): void => {
      if (part.length > 0) section++
      if (stripStart) part = part.trimStart()
      if (stripEnd) part = part.trimEnd()
      if (part.length > 0) encodeSection(part, section - 1, out)
    }
    for (const match of matches) {
      const token = added.get(match[0])!
      ordinary(text.slice(from, match.index), token.lstrip === true)
      out.push(token.id)
      section++
      stripStart = token.rstrip === true
      from = match.index + match[0].length
    }
    ordinary(text.slice(from), false)
    return new Int32Array(out)
  }
}

/** Remembers the latest results: a chunk is counted when cut, and encoded a moment later. Two generations, no bookkeeping. */
function createRecent(compute: (text: string) => Int32Array): (text: string) => Int32Array {
  let young = new Map<string, Int32Array>()
  let old = new Map<string, Int32Array>()
  let tokens = 0
  return (text) => {
    let ids = young.get(text)
    if (ids) return ids
    ids = old.get(text) ?? compute(text)
    young.set(text, ids)
    tokens += ids.length + 8
    if (tokens > rememberedTokens) {
      old = young
      young = new Map()
      tokens = 0
    }
    return ids
  }
}
