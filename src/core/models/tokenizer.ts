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
  /** Tokens of one text, special ones included, before any truncation. */
  count(text: string): number
  /** Keeps the special tokens and the text's beginning. Does not tokenise again what was counted lately. */
  encode(text: string, maxTokens: number): Encoding
  /** The longer text is cut first, so a short query stays whole; both lose only when each is over half the limit. */
  encodePair(first: string, second: string, maxTokens: number): PairEncoding
}

const TokenizerFile = z.looseObject({
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.union([
      z.record(z.string(), z.number().int().min(0)),
      z.array(z.tuple([z.string(), z.number()]).rest(z.unknown())),
    ]),
    unk_id: z.number().int().nullish(),
  }),
  added_tokens: z
    .array(
      z.looseObject({
        id: z.number().int().min(0),
        content: z.string().min(1),
        normalized: z.boolean().optional(),
      }),
    )
    .default([]),
  normalizer: z.unknown().default(null),
  pre_tokenizer: z.unknown().default(null),
  post_processor: z.unknown().default(null),
  decoder: z.unknown().default(null),
})

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
  let inner: HuggingFaceTokenizer
  try {
    inner = new HuggingFaceTokenizer(file.data, settings.data)
  } catch (error) {
    throw invalid(`the tokenizer is of a kind that cannot be read: ${String(error).slice(0, 200)}`, error)
  }
  const { model, added_tokens: addedTokens } = file.data
  let size = Array.isArray(model.vocab) ? model.vocab.length : 0
  if (!Array.isArray(model.vocab)) for (const id of Object.values(model.vocab)) size = Math.max(size, id + 1)
  for (const { id } of addedTokens) size = Math.max(size, id + 1)

  const contentIds = createContentEncoder(inner, file.data, settings.data, options.fast ?? true)
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

/** Ids of a text without special tokens. */
function createContentEncoder(
  inner: HuggingFaceTokenizer,
  file: z.infer<typeof TokenizerFile>,
  config: z.infer<typeof TokenizerConfigFile>,
  fast: boolean,
): (text: string) => Int32Array {
  const reference = (text: string): Int32Array =>
    Int32Array.from(inner.encode(text, { add_special_tokens: false }).ids)
  if (!fast || config.remove_space || config.do_lowercase_and_remove_accent) return reference
  const { normalizer, pre_tokenizer: preTokenizer, model } = inner as unknown as Insides
  const added = file.added_tokens
  // An added token that is looked for after normalising may appear out of other characters.
  if (normalizer && added.some((token) => token.normalized)) return reference
  const escaped = added.map((token) => token.content.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const addedPattern = escaped.length > 0 ? new RegExp(escaped.join('|'), 'u') : null

  const { vocab } = file.model
  const unigram = Array.isArray(vocab)
    ? createUnigram(
        vocab.map(([piece, score]) => [piece, score]),
        file.model.unk_id ?? -1,
      )
    : null
  const ends = wordEnds(file.normalizer, file.pre_tokenizer, unigram?.joinsWords ?? false)
  const { tokens_to_ids: idOf, unk_token_id: unknownId } = model

  function encodeSegment(text: string, out: number[]): void {
    const normalised = normalizer ? normalizer.normalize(text) : text
    if (normalised.length === 0) return
    const words = preTokenizer ? preTokenizer.pre_tokenize(normalised, { section_index: 0 }) : [normalised]
    if (unigram) for (const word of words) unigram.encode(word, out)
    else
      for (const word of words) for (const token of model([word])) out.push(idOf.get(token) ?? unknownId ?? 0)
  }

  const cache = new Map<string, Int32Array>()
  const out: number[] = []
  function encodeCached(text: string): void {
    if (text.length > cachedWordChars) return encodeSegment(text, out)
    let ids = cache.get(text)
    if (!ids) {
      const fresh: number[] = []
      encodeSegment(text, fresh)
      ids = Int32Array.from(fresh)
      if (cache.size >= cachedWords) cache.clear()
      cache.set(text, ids)
    }
    for (let i = 0; i < ids.length; i++) out.push(ids[i]!)
  }

  return (text) => {
    if (addedPattern?.test(text)) return reference(text)
    out.length = 0
    if (ends) {
      let start = 0
      for (let at = ends(text, 0); at < text.length; at = ends(text, start)) {
        encodeCached(text.slice(start, at))
        start = at
      }
      encodeCached(text.slice(start))
    } else encodeSegment(text, out)
    return Int32Array.from(out)
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
