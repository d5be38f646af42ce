import fc from 'fast-check'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createTokenizer, longestFirst } from '../../../src/core/models/tokenizer.ts'
import { fixtures, readJson, tinyModels } from '../../support/tiny-models.ts'

const files = (folder: string) =>
  [readJson(folder, 'tokenizer.json'), readJson(folder, 'tokenizer_config.json')] as const

const bertFolder = join(tinyModels, 'tiny-mean')
const unigramFolder = join(fixtures, 'tokenizers', 'unigram')

const mixedLines = [
  'Plain English words, with punctuation; and (brackets) — dashes.',
  '知识库把文档切成小段，再把每一段变成向量。',
  '用 python 写 GPU 代码, ok? 你好 world 世界 42',
  'ｆｕｌｌ　ｗｉｄｔｈ Ａ Ｂ Ｃ １２３',
  'naïve café İstanbul Straße ΣΊΣΥΦΟΣ ΟΔΟΣ fin',
  '  leading, trailing  and   many   spaces  ',
  'tabs\tand\nnew\r\nlines \n\n twice',
  'emoji 😀👩‍👩‍👧 🇨🇳 and ☂️ x',
  'zero\u200bwidth \u200b and soft\u00adhyphen \u00a0 nbsp \u3000 wide',
  'const x = { a: [1, 2], "b": `${y}` } // <div class="x">',
  'e\u0301 combining \u0301 alone, \ufffd and \u0000 nul',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  'text with [SEP] and </s> inside, [MASK]ed',
  '▁already▁marked ▁ text',
  '',
  ' ',
]

describe.each([
  ['WordPiece', bertFolder],
  ['Unigram', unigramFolder],
])('the %s tokenizer', (_name, folder) => {
  test('gives the ids of the reference implementation', () => {
    const tokenizer = createTokenizer(...files(folder))
    for (const { text, ids } of readJson<{ text: string; ids: number[] }[]>(folder, 'expected.json')) {
      const given = folder === bertFolder ? `the ${text}` : text
      expect([text, [...tokenizer.encode(given, folder === bertFolder ? 32 : 1000).ids]]).toEqual([text, ids])
    }
  })

  test('gives with its cache of words what the package gives without', () => {
    const fast = createTokenizer(...files(folder))
    const plain = createTokenizer(...files(folder), { fast: false })
    for (const line of [...mixedLines, mixedLines.join(' '), mixedLines.join('\n'), ...mixedLines]) {
      expect([line, [...fast.encode(line, 1e9).ids]]).toEqual([line, [...plain.encode(line, 1e9).ids]])
    }
  })

  test('agrees with the package on any string', () => {
    const fast = createTokenizer(...files(folder))
    const plain = createTokenizer(...files(folder), { fast: false })
    const part = fc.oneof(
      fc.constantFrom(
        'the',
        'Cat',
        ' ',
        '  ',
        '\n',
        '知',
        '识库',
        '。',
        '1',
        'é',
        'e\u0301',
        '\u0301',
        '\u200b',
        '[SEP]',
        '</s>',
        '😀',
        '▁',
        '·',
      ),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join('')
        expect([...fast.encode(text, 1e9).ids]).toEqual([...plain.encode(text, 1e9).ids])
      }),
      { numRuns: 400 },
    )
  })

  test('counts what it encodes', () => {
    const tokenizer = createTokenizer(...files(folder))
    for (const line of mixedLines) expect(tokenizer.count(line)).toBe(tokenizer.encode(line, 1e9).ids.length)
  })

  test('keeps the special tokens when it cuts, and says how much went', () => {
    const tokenizer = createTokenizer(...files(folder))
    const whole = tokenizer.encode(mixedLines[0]!, 1e9)
    const cut = tokenizer.encode(mixedLines[0]!, 7)
    expect(cut.ids.length).toBe(7)
    expect(cut.dropped).toBe(whole.ids.length - 7)
    expect([cut.ids[0], cut.ids[6]]).toEqual([whole.ids[0], whole.ids.at(-1)])
    expect([...cut.ids.subarray(1, 6)]).toEqual([...whole.ids.subarray(1, 6)])
  })
})

test('builds a pair with its types and cuts the passage before the query', () => {
  const folder = join(tinyModels, 'tiny-cross-encoder')
  const tokenizer = createTokenizer(...files(folder))
  const expected = readJson<{ query: string; passages: string[]; ids: number[][]; types: number[][] }>(
    folder,
    'expected.json',
  )
  expected.passages.forEach((passage, i) => {
    const { ids, types } = tokenizer.encodePair(expected.query, passage, 32)
    expect([...ids]).toEqual(expected.ids[i])
    expect([...types]).toEqual(expected.types[i])
  })
  const query = tokenizer.encode(expected.query, 100).ids
  const long = tokenizer.encodePair(expected.query, 'cat '.repeat(500), 32)
  expect(long.ids.length).toBe(32)
  expect([...long.ids.subarray(0, query.length)]).toEqual([...query])
})

test('cuts the longer of two first', () => {
  expect(longestFirst(5, 5, 20)).toEqual([5, 5])
  expect(longestFirst(5, 100, 20)).toEqual([5, 15])
  expect(longestFirst(100, 5, 20)).toEqual([15, 5])
  expect(longestFirst(100, 100, 21)).toEqual([10, 11])
  expect(longestFirst(100, 100, 0)).toEqual([0, 0])
})

test('merges byte pairs by rank and splits words as GPT-2 does', () => {
  // Worked out by hand: l+o, then lo+w; "Ġ" is the space before a word.
  const tokens = ['l', 'o', 'w', 'e', 'r', 'Ġ', 'lo', 'low', 'Ġlow', 'er', '<|end|>', 'ä', '½', 'ł']
  const tokenizer = createTokenizer(
    {
      added_tokens: [{ id: 10, content: '<|end|>', special: true, normalized: false }],
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      post_processor: { type: 'ByteLevel' },
      decoder: { type: 'ByteLevel' },
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: ['l o', 'lo w', 'Ġ low', 'e r'],
      },
    },
    { pad_token: '<|end|>', padding_side: 'left' },
  )
  expect([...tokenizer.encode('low lower', 100).ids]).toEqual([7, 8, 9])
  // U+4F60 is e4 bd a0 in UTF-8.
  expect([...tokenizer.encode('你low<|end|> low', 100).ids]).toEqual([11, 12, 13, 7, 10, 8])
  expect([tokenizer.padId, tokenizer.paddingSide, tokenizer.singleOverhead]).toEqual([10, 'left', 0])
})

test('makes one unknown of neighbouring unknown characters', () => {
  const tokenizer = createTokenizer(...files(unigramFolder))
  const [one, two] = ['☃', '☃☄'].map((text) => tokenizer.encode(text, 100).ids)
  expect([...one!]).toEqual([...two!])
})

test.each([
  ['nothing', null],
  ['no model', {}],
  ['a vocabulary of wrong things', { model: { type: 'Unigram', vocab: [['a', 'b']] } }],
  ['negative ids', { model: { type: 'WordPiece', vocab: { a: -1 } } }],
  ['an unknown id out of range', { model: { type: 'Unigram', vocab: [['a', 0]], unk_id: 5 } }],
  ['an unknown kind of model', { model: { type: 'Magic', vocab: { a: 0 } } }],
  ['an unknown normaliser', { model: { type: 'WordPiece', vocab: { a: 0 } }, normalizer: { type: 'Magic' } }],
  ['an endless id', { model: { type: 'WordPiece', vocab: { a: 1e12 } } }],
])('refuses a tokenizer.json with %s', (_name, file) => {
  expect(() => createTokenizer(file, {})).toThrow(expect.objectContaining({ code: 'model-invalid' }))
})

test('tokenises a long text without spaces in linear time', () => {
  const tokenizer = createTokenizer(...files(unigramFolder))
  expect(tokenizer.count('知识库'.repeat(100_000))).toBeGreaterThan(1000)
})
