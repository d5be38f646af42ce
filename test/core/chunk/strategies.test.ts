import { expect, test } from 'vitest'
import { chunkerVersion, chunkText } from '../../../src/core/chunk/chunk.ts'
import { trailOf, trailVersion } from '../../../src/core/chunk/trail.ts'
import type { ChunkOptions } from '../../../src/core/chunk/types.ts'
import { documentOf } from './document.ts'

/** A word, or a Han character, is a token: easy to count along. */
const countTokens = (text: string): number => text.match(/\p{Script=Han}|[^\s\p{Script=Han}]+/gu)?.length ?? 0
const options = (strategy: ChunkOptions['strategy'], targetTokens: number): ChunkOptions => ({
  strategy,
  targetTokens,
  overlapTokens: 0,
  maxTokens: 100,
  countTokens,
})

test('keeps a heading with the paragraph below it', async () => {
  const document = documentOf([
    { kind: 'paragraph', text: 'one two three four five six seven eight.' },
    { kind: 'heading', level: 1, text: 'Head' },
    { kind: 'heading', level: 2, text: 'Sub' },
    { kind: 'paragraph', text: 'nine ten eleven twelve thirteen.' },
  ])
  const chunks = await chunkText(document, options('recursive', 10))
  expect(chunks.map((chunk) => chunk.text.trim())).toEqual([
    'one two three four five six seven eight.',
    'Head\n\nSub\n\nnine ten eleven twelve thirteen.',
  ])
})

test('cuts between sections before blocks, blocks before sentences, sentences before clauses', async () => {
  const document = documentOf([
    { kind: 'heading', level: 1, text: 'A' },
    { kind: 'paragraph', text: 'a b c. d e f.' },
    { kind: 'paragraph', text: 'g h, i j k l, m n o p q, r s t u v.' },
    { kind: 'heading', level: 1, text: 'B' },
    { kind: 'paragraph', text: 'w x.' },
  ])
  const chunks = await chunkText(document, options('recursive', 10))
  expect(chunks.map((chunk) => chunk.text.trim())).toEqual([
    'A\n\na b c. d e f.',
    'g h, i j k l,',
    'm n o p q, r s t u v.'.slice(0, 10),
    'r s t u v.',
    'B\n\nw x.',
  ])
})

test('makes the parts of something large about equal, with no leftover', async () => {
  const document = documentOf([{ kind: 'paragraph', text: 'one two three four five. '.repeat(21).trim() }])
  const sizes = (await chunkText(document, options('recursive', 50))).map((chunk) => chunk.tokens)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(105)
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(5)
})

test('puts title and headings before what the model reads, and repeats nothing', async () => {
  const document = documentOf(
    [
      { kind: 'heading', level: 1, text: 'Guide' },
      { kind: 'heading', level: 2, text: 'Setup' },
      { kind: 'paragraph', text: 'one two three four five six.' },
      { kind: 'paragraph', text: 'seven eight nine ten eleven twelve.' },
    ],
    'Guide',
  )
  const chunks = await chunkText(document, options('recursive', 11))
  expect(chunks.map((chunk) => chunk.input)).toEqual([
    'Guide\n\nSetup\n\none two three four five six.',
    'Guide\nSetup\nseven eight nine ten eleven twelve.',
  ])
  expect(chunks[1]!.headings).toEqual(['Guide', 'Setup'])
})

test('shortens a trail from its middle, then halves the longest line', () => {
  expect(trailOf('Title', ['a b c', 'd e', 'last'], 4, countTokens)).toMatchObject({
    headings: ['Title', 'a b c', 'd e', 'last'],
    prefix: 'Title\nd e\nlast\n',
  })
  expect(trailOf('Title', ['a b c', 'd e', 'last'], 2, countTokens).prefix).toBe('Title\nlast\n')
  expect(trailOf('word '.repeat(40), [], 12, countTokens).tokens).toBeLessThanOrEqual(12)
  expect(trailOf('Title', ['x'], 0, countTokens).prefix).toBe('')
  expect(trailOf(null, [], 10, countTokens)).toEqual({ headings: [], prefix: '', tokens: 0 })
})

test('cuts where the subject changes, not where the count is full', async () => {
  const cats = ['Cats sleep all day.', 'Cats eat fish.', 'Cats purr softly.', 'Cats chase mice.']
  const cars = ['Cars need petrol.', 'Cars drive fast.', 'Cars have wheels.']
  const document = documentOf([{ kind: 'paragraph', text: [...cats, ...cars].join(' ') }])
  const chunks = await chunkText(document, {
    ...options('semantic', 28),
    embedSentences: async (sentences) =>
      sentences.map((sentence) =>
        sentence.startsWith('Cats') ? Float32Array.of(1, 0) : Float32Array.of(0, 1),
      ),
  })
  expect(chunks.map((chunk) => chunk.text.trim())).toEqual([cats.join(' '), cars.join(' ')])
})

test('names every part of the recipe in its version', () => {
  expect(chunkerVersion).toContain(trailVersion)
})
