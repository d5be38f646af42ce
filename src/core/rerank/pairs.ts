/**
 * Query and passage to one row of tokens: side by side with the tokenizer's own marks for an encoder, or set into a chat
 * template for a language model that answers yes or no. The passage is cut first; a query only when it alone is over
 * half of what there is room for.
 */
import { AppError } from '../../shared/errors.ts'
import type { Model } from '../models/load.ts'
import type { ScoreSpec } from '../models/scores.ts'
import type { PairEncoding, Tokenizer } from '../models/tokenizer.ts'

export interface Pairs {
  encode(query: string, passage: string): PairEncoding
  score: ScoreSpec
}

/** Throws 'model-invalid' when the template leaves no room or a word to answer with is not one token. */
export function pairsOf({ scoring, maxTokens }: Model, tokenizer: Tokenizer): Pairs {
  if (scoring?.kind !== 'yes-no') {
    return {
      encode: (query, passage) => tokenizer.encodePair(query, passage, maxTokens),
      score: scoring?.kind === 'label' ? { kind: 'label', positive: scoring.positive } : null,
    }
  }
  const [prefix, suffix] = [tokenizer.encodePlain(scoring.prefix), tokenizer.encodePlain(scoring.suffix)]
  const room = maxTokens - prefix.length - suffix.length
  const bodyOf = (query: string, passage: string): string =>
    // Functions, so that a "$" in the text stays one.
    scoring.body.replace('{query}', () => query).slice(0, -'{passage}'.length) + passage
  const frame = tokenizer.encodePlain(bodyOf('', '')).length
  if (room - frame < 16) {
    throw new AppError('model-invalid', 'the template leaves no room for a passage', {
      data: { problem: 'max-tokens' },
    })
  }

  /** A query of more than half the room loses its end; how much is found by halving. */
  function shortened(query: string): string {
    const most = frame + Math.floor((room - frame) / 2)
    if (tokenizer.encodePlain(bodyOf(query, '')).length <= most) return query
    let [fits, over] = [0, query.length]
    while (over - fits > 1) {
      const middle = (fits + over) >> 1
      if (tokenizer.encodePlain(bodyOf(query.slice(0, middle), '')).length <= most) fits = middle
      else over = middle
    }
    return query.slice(0, fits)
  }

  let last = { query: '', shortened: '' }
  return {
    score: { kind: 'yes-no', yes: tokenOf(scoring.yes, tokenizer), no: tokenOf(scoring.no, tokenizer) },
    encode(query, passage) {
      if (last.query !== query) last = { query, shortened: shortened(query) }
      const body = tokenizer.encodePlain(bodyOf(last.shortened, passage))
      const kept = body.subarray(0, room)
      const ids = new Int32Array(prefix.length + kept.length + suffix.length)
      ids.set(prefix, 0)
      ids.set(kept, prefix.length)
      ids.set(suffix, prefix.length + kept.length)
      return { ids, types: new Uint8Array(ids.length), dropped: body.length - kept.length }
    },
  }
}

function tokenOf(word: number | string, tokenizer: Tokenizer): number {
  if (typeof word === 'number') return word
  const ids = tokenizer.encodePlain(word)
  if (ids.length === 1) return ids[0]!
  throw new AppError('model-invalid', `"${word}" is ${ids.length} tokens of this model, not one`, {
    data: { problem: 'scoring-unknown' },
  })
}
