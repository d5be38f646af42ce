import fc from 'fast-check'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chunkText } from '../../../src/core/chunk/chunk.ts'
import type { Chunk, ChunkOptions, NormalisedText } from '../../../src/core/chunk/types.ts'
import { createTokenizer } from '../../../src/core/models/tokenizer.ts'
import { fixtures, readJson } from '../../support/tiny-models.ts'
import { documentOf, type Part } from './document.ts'

const unigram = join(fixtures, 'tokenizers', 'unigram')
const tokenizer = createTokenizer(
  readJson(unigram, 'tokenizer.json'),
  readJson(unigram, 'tokenizer_config.json'),
)
const prompt = 'passage: '
const countTokens = (input: string): number => tokenizer.count(prompt + input)

/** A vector from the letters of a sentence: alike texts are alike, and no model is needed. */
const embedSentences = async (sentences: string[]): Promise<Float32Array[]> =>
  sentences.map((sentence) => {
    const vector = new Float32Array(32)
    for (const char of sentence) vector[char.codePointAt(0)! % 32]! += 1
    const norm = Math.hypot(...vector) || 1
    return vector.map((value) => value / norm)
  })

const optionsOf = (strategy: ChunkOptions['strategy'], change: Partial<ChunkOptions> = {}): ChunkOptions => ({
  strategy,
  targetTokens: 60,
  overlapTokens: 0,
  maxTokens: 128,
  countTokens,
  embedSentences,
  ...change,
})

const words = [
  'the',
  'cat',
  'knowledge',
  'base',
  'vector',
  'search',
  'an-unbroken/identifier_with.parts',
  '12.5',
  'e.g.',
  'Dr.',
]
const sentence = fc
  .array(fc.constantFrom(...words), { minLength: 1, maxLength: 14 })
  .chain((all) => fc.constantFrom('.', '!', '?', '…').map((mark) => all.join(' ') + mark))
const hanSentence = fc
  .array(fc.constantFrom('知识库', '把文档', '切成小段', '，', '你好', '𠮷', '“世界”'), {
    minLength: 1,
    maxLength: 14,
  })
  .map((all) => `${all.join('')}。`)
const paragraph = fc
  .array(fc.oneof(sentence, hanSentence, fc.constant('👩‍👩‍👧 e\u0301 end.')), { minLength: 1, maxLength: 8 })
  .map((all) => all.join(' '))
const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 5, arbitrary: paragraph.map((text) => ({ kind: 'paragraph' as const, text })) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('heading' as const),
      level: fc.integer({ min: 1, max: 4 }),
      text: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 5 }).map((all) => all.join(' ')),
    }),
  },
  fc
    .array(sentence, { minLength: 1, maxLength: 5 })
    .map((all) => ({ kind: 'list' as const, text: all.join('\n') })),
  fc
    .array(fc.constantFrom('const x = 1', '  return y', '', 'if (a) {'), { minLength: 1, maxLength: 12 })
    .map((lines) => ({ kind: 'code' as const, text: ['```', ...lines, '```'].join('\n') })),
  fc
    .array(fc.array(fc.constantFrom(...words, '知识'), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 8,
    })
    .map((rows) => ({
      kind: 'table' as const,
      text: rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    })),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => ({ kind: 'quote' as const, text })),
)
const parts = fc.array(part, { minLength: 1, maxLength: 12 })

/** Everything that holds for every chunk of every strategy. */
function check(document: NormalisedText, chunks: Chunk[], { maxTokens, overlapTokens }: ChunkOptions): void {
  const { text } = document
  if (text.trim() === '') return expect(chunks).toEqual([])
  expect(chunks[0]!.start).toBe(0)
  expect(chunks.at(-1)!.end).toBe(text.length)
  chunks.forEach((chunk, i) => {
    expect(chunk.ordinal).toBe(i)
    expect(chunk.end).toBeGreaterThan(chunk.start)
    expect(chunk.text).toBe(text.slice(chunk.start, chunk.end))
    expect(chunk.tokens).toBe(countTokens(chunk.input))
    expect(chunk.tokens).toBeLessThanOrEqual(maxTokens)
    expect(chunk.truncated).toBe(false)
    expect(chunk.inputHash).toMatch(/^[0-9a-f]{64}$/)
    expect(chunk.input.endsWith(chunk.text.trim())).toBe(true)
    if (i > 0) {
      const before = chunks[i - 1]!
      expect(chunk.start + chunk.overlapChars).toBe(before.end)
      expect(chunk.start).toBeGreaterThan(before.start)
      if (overlapTokens === 0) expect(chunk.overlapChars).toBe(0)
    }
    for (const at of [chunk.start, chunk.end]) {
      if (at === 0 || at === text.length) continue
      const [left, right] = [text[at - 1]!, text[at]!]
      expect(
        /[\ud800-\udbff]/.test(left) && /[\udc00-\udfff]/.test(right),
        'cut inside a surrogate pair',
      ).toBe(false)
      const fits = (part: string) => countTokens(part) <= maxTokens
      const word = /[\w./-]*$/.exec(text.slice(0, at))![0] + /^[\w./-]*/.exec(text.slice(at))![0]
      expect(/[\w./-]/.test(left) && /[\w./-]/.test(right) && fits(word), `cut inside "${word}"`).toBe(false)
      for (const block of document.blocks) {
        if (at <= block.start || at >= block.end) continue
        expect(block.kind === 'code' && fits(text.slice(block.start, block.end)), 'cut inside code').toBe(
          false,
        )
        const row = text.slice(text.lastIndexOf('\n', at - 1) + 1).split('\n', 1)[0]!
        expect(block.kind === 'table' && left !== '\n' && fits(row), 'cut inside a table row').toBe(false)
      }
    }
    const inside = document.lines.filter((line) => line.start < chunk.end && line.end > chunk.start)
    const numbers = inside.map((line) => line.line!)
    expect([chunk.lineStart, chunk.lineEnd]).toEqual(
      numbers.length === 0 ? [null, null] : [Math.min(...numbers), Math.max(...numbers)],
    )
  })
}

describe.each(['fixed', 'recursive', 'semantic'] as const)('the %s chunker', (strategy) => {
  test('[CH1] [CH2] covers any document without a gap, within the limit, and cuts nothing that must stay whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        parts,
        fc.constantFrom(40, 60, 200),
        fc.constantFrom(0, 15),
        fc.constantFrom(64, 128, 512),
        async (all, targetTokens, overlapTokens, maxTokens) => {
          const document = documentOf(all, 'A title')
          const options = optionsOf(strategy, { targetTokens, overlapTokens, maxTokens })
          check(document, await chunkText(document, options), options)
        },
      ),
      { numRuns: 120 },
    )
  })

  test('gives the same chunks for the same text', async () => {
    const document = documentOf([
      { kind: 'paragraph', text: 'The cat sat. 知识库把文档切成小段。 '.repeat(30) },
    ])
    const options = optionsOf(strategy)
    expect(await chunkText(document, options)).toEqual(await chunkText(document, options))
  })

  test('makes no chunk of nothing', async () => {
    for (const text of ['', ' ', '\n\n', '\u3000']) {
      expect(
        await chunkText({ normaliser: 'n', title: 'T', text, blocks: [], lines: [] }, optionsOf(strategy)),
      ).toEqual([])
    }
  })

  test('[CH1] takes a word apart only when it alone exceeds the limit, and loses none of it', async () => {
    const word = 'q'.repeat(3000)
    const document = documentOf([{ kind: 'paragraph', text: `before ${word} after` }])
    const options = optionsOf(strategy)
    const chunks = await chunkText(document, options)
    expect(chunks.map((chunk) => chunk.text).join('')).toBe(document.text)
    for (const chunk of chunks) {
      expect(chunk.tokens).toBeLessThanOrEqual(128)
      expect(chunk.truncated).toBe(false)
    }
  })

  test('[CH2] keeps a code block whole beyond the target and takes it apart by lines beyond the limit', async () => {
    const line = 'const answer = await search("knowledge")'
    const small = documentOf([
      { kind: 'paragraph', text: 'Before it. '.repeat(12) },
      { kind: 'code', text: Array(4).fill(line).join('\n') },
      { kind: 'paragraph', text: 'After it. '.repeat(12) },
    ])
    const options = optionsOf(strategy, { targetTokens: 40, maxTokens: 256 })
    const whole = (await chunkText(small, options)).filter((chunk) => chunk.text.includes('const'))
    expect(whole).toHaveLength(1)
    const large = documentOf([{ kind: 'code', text: Array(60).fill(line).join('\n') }])
    for (const chunk of await chunkText(large, options)) {
      expect(chunk.text.trimEnd().endsWith(line)).toBe(true)
      expect(chunk.tokens).toBeLessThanOrEqual(256)
    }
  })

  test('says the pages and lines a chunk stands on', async () => {
    const document = documentOf(
      Array.from({ length: 6 }, (_, i) => ({
        kind: 'paragraph',
        text: `Page ${i} the cat sat on a mat. `.repeat(4),
      })),
    )
    for (const line of document.lines) line.page = line.line! + 10
    const chunks = await chunkText(document, optionsOf(strategy))
    expect(chunks[0]!.pageStart).toBe(11)
    expect(chunks.at(-1)!.pageEnd).toBe(document.lines.length + 10)
    for (const chunk of chunks) expect(chunk.pageStart! - chunk.lineStart!).toBe(10)
  })

  test('[CH1] shortens an endless trail, never the text', async () => {
    const document = documentOf(
      [
        { kind: 'heading', level: 1, text: 'very long heading '.repeat(80) },
        { kind: 'heading', level: 2, text: '很长的标题'.repeat(80) },
        { kind: 'paragraph', text: 'The text itself stays. '.repeat(20) },
      ],
      'endless title '.repeat(200),
    )
    const options = optionsOf(strategy)
    const chunks = await chunkText(document, options)
    check(document, chunks, options)
    expect(chunks.at(-1)!.headings.length).toBeGreaterThan(1)
  })

  test('counts every character a few times only, however long the text', async () => {
    for (const repeat of [20, 2000]) {
      const all: Part[] = []
      for (let i = 0; i < repeat; i++) {
        const text = `The cat number ${i} sat. 知识库把文档切成小段。 `.repeat(6)
        all.push({ kind: 'heading', level: 2, text: `Section ${i}` }, { kind: 'paragraph', text })
      }
      const document = documentOf(all)
      let counted = 0
      const options = optionsOf(strategy, {
        countTokens: (input) => {
          counted += input.length
          return countTokens(input)
        },
      })
      await chunkText(document, options)
      expect(counted).toBeLessThan(document.text.length * 4)
    }
  }, 20_000)

  test('marks a chunk as truncated when the limit leaves no room for a single character, and only then', async () => {
    const document = documentOf([{ kind: 'paragraph', text: '😀😀' }])
    const chunks = await chunkText(
      document,
      optionsOf(strategy, { maxTokens: 2, targetTokens: 2, countTokens: (input) => 2 + [...input].length }),
    )
    expect(chunks.every((chunk) => chunk.truncated && chunk.tokens === 2)).toBe(true)
    expect(chunks.map((chunk) => chunk.text)).toEqual(['😀', '😀'])
  })

  test('[CH2] shares the asked-for overlap, marked, from the start of a word', async () => {
    const document = documentOf([
      { kind: 'paragraph', text: 'alpha beta gamma delta epsilon zeta eta theta. '.repeat(40) },
    ])
    const chunks = await chunkText(document, optionsOf(strategy, { overlapTokens: 20 }))
    const [, second] = chunks
    expect(second!.overlapChars).toBeGreaterThan(0)
    const overlap = second!.text.slice(0, second!.overlapChars)
    expect(chunks[0]!.text.endsWith(overlap)).toBe(true)
    expect(countTokens(overlap)).toBeLessThan(20 + 15)
    expect(overlap).toMatch(/^(alpha|beta|gamma|delta|epsilon|zeta|eta|theta)/)
  })
})

test('semantic chunking without sentence vectors is our own mistake', async () => {
  const document = documentOf([{ kind: 'paragraph', text: 'One. Two.' }])
  const { embedSentences: _, ...options } = optionsOf('semantic')
  await expect(chunkText(document, options)).rejects.toMatchObject({ code: 'internal' })
})
