import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadModel, type ModelOverrides } from '../../../src/core/models/load.ts'
import {
  assertSameSpace,
  canonical,
  compareSpaces,
  createFileHashes,
  spaceOf,
} from '../../../src/core/models/space.ts'
import { copyOf, readJson, tiny } from '../../support/tiny-models.ts'

const hashes = createFileHashes()
const copy = copyOf('tiny-mean', 'tiny-static')
afterAll(() => copy.remove())

test('[MO1] a space is the same wherever the folder lies and whatever it is called', async () => {
  const here = await spaceOf(await tiny('tiny-mean'), hashes)
  const there = await spaceOf(
    await loadModel(join(copy.dir, 'tiny-mean'), { builtInDir: null }),
    createFileHashes(),
  )
  expect(there).toEqual(here)
  expect(here.space).toMatch(/^[0-9a-f]{64}$/)
})

test.each<[string, ModelOverrides]>([
  ['pooling', { pooling: ['cls'] }],
  ['prompts', { prompts: { query: '', document: 'the ' } }],
  ['maxTokens', { maxTokens: 20 }],
  ['dimensions', { truncateTo: 8 }],
])('[MO1] another %s is another space, and the refusal names it', async (field, overrides) => {
  const one = await spaceOf(await tiny('tiny-mean'), hashes)
  const other = await spaceOf(await tiny('tiny-mean', overrides), hashes)
  expect(other.space).not.toBe(one.space)
  expect(compareSpaces(one.fields, other.fields)).toEqual([field])
  expect(() => assertSameSpace(one.fields, other.fields)).toThrow(
    expect.objectContaining({ code: 'space-mismatch', data: { fields: field } }),
  )
})

test('[MO1] other weights or another tokenizer are another space, also weights beside the graph', async () => {
  const folder = join(copy.dir, 'tiny-static')
  const before = await spaceOf(await loadModel(folder, { builtInDir: copy.dir }), hashes)
  appendFileSync(join(folder, 'onnx', 'table.bin'), Buffer.alloc(4))
  const weights = await spaceOf(await loadModel(folder, { builtInDir: copy.dir }), hashes)
  expect(compareSpaces(before.fields, weights.fields)).toEqual(['weights'])
  const file = join(folder, 'tokenizer.json')
  writeFileSync(file, JSON.stringify({ ...readJson<object>(file), version: '1.1' }))
  const tokenizer = await spaceOf(await loadModel(folder, { builtInDir: copy.dir }), hashes)
  expect(compareSpaces(weights.fields, tokenizer.fields)).toEqual(['tokenizer'])
})

test('the signature does not depend on the order of keys', () => {
  expect(canonical({ b: [1, { d: null, c: 'x' }], a: true })).toBe(
    canonical({ a: true, b: [1, { c: 'x', d: null }] }),
  )
})
