import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { scriptsIn, scriptsOf } from '../../../src/core/reindex/estimate.ts'
import {
  chunkingId,
  differingFields,
  outdatedFields,
  recipeOf,
  sameCutter,
} from '../../../src/core/reindex/recipe.ts'
import { openIndexStore } from '../../../src/core/store/index/index-store.ts'
import { openVectorStore } from '../../../src/core/store/vectors/vector-store.ts'
import { ChunkingSettings } from '../../../src/shared/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'manifold-recipe-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const chunking = ChunkingSettings.parse({})
const recipe = recipeOf(chunking)

describe('a recipe', () => {
  it('[MO1] that is older only says what a reindex would do otherwise', () => {
    expect(outdatedFields({ chunking, recipe: { ...recipe } })).toEqual([])
    expect(
      outdatedFields({ chunking, recipe: { ...recipe, chunker: 'chunker/0', keywords: 'keywords/0' } }),
    ).toEqual(['chunker', 'keywords'])
    // Written before recipes were: nobody knows, so all of it is offered.
    expect(outdatedFields({ chunking, recipe: {} })).toEqual(Object.keys(recipe).sort())
  })

  it('names a file by what cut it: tokenizer, limit and prompt too', () => {
    const cutter = { tokenizer: ['t'], maxTokens: 512, prompts: { document: '' } }
    const ids = [
      cutter,
      { ...cutter, tokenizer: ['u'] },
      { ...cutter, maxTokens: 256 },
      { ...cutter, prompts: { document: 'passage: ' } },
    ].map((one) => chunkingId(recipe, one))
    expect(new Set(ids).size).toBe(4)
    expect(sameCutter(cutter, { ...cutter, prompts: { document: '' } })).toBe(true)
    expect(sameCutter(cutter, { ...cutter, maxTokens: 256 })).toBe(false)
    expect(differingFields({ a: 1, b: [1] }, { a: 1, b: [2], c: 0 })).toEqual(['b', 'c'])
  })
})

describe('derived files', () => {
  it('[MO1] say what they were made with, so that a refusal names the fields that differ', () => {
    const path = join(folder, 'vectors.db')
    const spaceFields = { weights: ['w'], pooling: ['mean'], maxTokens: 512 }
    const options = { space: 's1', dimensions: 4, indexUuid: 'i', spaceFields }
    openVectorStore(path, options).close()
    expect(() =>
      openVectorStore(path, {
        ...options,
        space: 's2',
        spaceFields: { ...spaceFields, weights: ['v'], maxTokens: 256 },
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'space-mismatch',
        data: expect.objectContaining({ fields: 'maxTokens, weights' }),
      }),
    )
    const index = join(folder, 'index.db')
    openIndexStore(index, { recipe: 'r1', recipeFields: { ...recipe } }).close()
    expect(() =>
      openIndexStore(index, { recipe: 'r2', recipeFields: { ...recipe, targetTokens: 64 } }),
    ).toThrow(expect.objectContaining({ data: expect.objectContaining({ fields: 'targetTokens' }) }))
  })
})

describe('scripts of a library', () => {
  it('are counted by letters, and nothing is no script', () => {
    expect(scriptsOf('苍鹭 heron 42!')).toEqual({ han: 2 / 7, latin: 5 / 7, other: 0 })
    expect(scriptsOf('цапля 鹭')).toEqual({ han: 1 / 6, latin: 0, other: 5 / 6 })
    expect(scriptsOf('1, 2, 3')).toEqual({ han: 0, latin: 0, other: 0 })
  })

  it('weigh a short Chinese passage as much as the long English one that says the same', () => {
    const english = 'Either party may end the lease by giving thirty days of notice in writing.'
    expect(scriptsIn(['任何一方可提前三十天书面通知解约。', english, '1, 2, 3'])).toEqual({
      han: 0.5,
      latin: 0.5,
      other: 0,
    })
    expect(scriptsIn(['1, 2, 3'])).toEqual({ han: 0, latin: 0, other: 0 })
    expect(scriptsIn([])).toEqual({ han: 0, latin: 0, other: 0 })
  })
})
