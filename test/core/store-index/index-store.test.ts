import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Chunk } from '../../../src/core/chunk/types.ts'
import { openIndexStore } from '../../../src/core/store/index/index-store.ts'
import { openDatabase } from '../../../src/core/store/open.ts'

const sha = (text: string) => createHash('sha256').update(text).digest('hex')

export function chunksOf(texts: string[], headings: string[] = ['Title']): Chunk[] {
  let start = 0
  return texts.map((text, ordinal) => {
    const input = `${headings.join(' > ')}\n\n${text}`
    const chunk: Chunk = {
      ordinal,
      start,
      end: start + text.length,
      overlapChars: 0,
      text,
      headings,
      pageStart: null,
      pageEnd: null,
      pages: [],
      lineStart: ordinal + 1,
      lineEnd: ordinal + 1,
      tokens: text.length,
      input,
      inputHash: sha(input),
      truncated: false,
    }
    start += text.length
    return chunk
  })
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifold-index-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const path = () => join(folder, 'index-a.db')

describe('index store', () => {
  it('gives back exactly what a model embeds, and is sound after replacing and dropping', () => {
    const store = openIndexStore(path(), { recipe: 'r1' })
    const chunks = chunksOf(['one fish', '两条鱼', 'red fish'])
    chunks[2] = { ...chunks[2]!, input: 'cut sho', truncated: true }
    store.put({ sha256: sha('a'), title: 'Title', chunks })
    expect(store.has(sha('a'))).toBe(true)
    const before = store.inputs(sha('a'))
    expect(before.map((row) => row.input)).toEqual(chunks.map((chunk) => chunk.input))
    expect(before.map((row) => row.inputHash)).toEqual(chunks.map((chunk) => chunk.inputHash))
    expect(store.counts()).toEqual({ texts: 1, chunks: 3, truncated: 1, maxTokens: 8 })
    store.put({ sha256: sha('a'), title: 'Title', chunks: chunksOf(['blue fish']) })
    const after = store.inputs(sha('a'))
    expect(after).toHaveLength(1)
    // Ids are never used twice, or a vector could meet a stranger's chunk.
    expect(before.map((row) => row.chunkId)).not.toContain(after[0]!.chunkId)
    expect(store.check()).toBeNull()
    store.drop(sha('a'))
    expect(store.has(sha('a'))).toBe(false)
    expect(store.counts().chunks).toBe(0)
    expect(store.check()).toBeNull()
    store.close()
  })

  it('writes a group all or nothing', () => {
    const store = openIndexStore(path(), { recipe: 'r1' })
    const bad = chunksOf(['fine', ''])
    expect(() =>
      store.putMany([
        { sha256: sha('a'), title: null, chunks: chunksOf(['fine']) },
        { sha256: sha('b'), title: null, chunks: bad },
      ]),
    ).toThrow()
    expect(store.texts()).toEqual([])
    expect(store.check()).toBeNull()
    store.close()
  })

  it('keeps a text without chunks as complete', () => {
    const store = openIndexStore(path(), { recipe: 'r1' })
    store.put({ sha256: sha('empty'), title: null, chunks: [] })
    expect(store.has(sha('empty'))).toBe(true)
    expect(store.check()).toBeNull()
    store.close()
  })

  it('refuses a file of another recipe and names the field', () => {
    openIndexStore(path(), { recipe: 'r1' }).close()
    expect(() => openIndexStore(path(), { recipe: 'r2' })).toThrow(
      expect.objectContaining({
        code: 'space-mismatch',
        data: expect.objectContaining({ fields: 'recipe' }),
      }),
    )
    const reader = openIndexStore(path(), { readonly: true, recipe: 'r1' })
    expect(reader.texts()).toEqual([])
    reader.close()
  })

  it('[DA3] notices a chunk without its keyword row', () => {
    const store = openIndexStore(path(), { recipe: 'r1' })
    store.put({ sha256: sha('a'), title: null, chunks: chunksOf(['one', 'two']) })
    store.close()
    const raw = openDatabase(path(), { synchronous: 'NORMAL', migrations: [''] })
    raw.exec('DELETE FROM keywords WHERE rowid = 1')
    raw.close()
    const again = openIndexStore(path(), { recipe: 'r1' })
    expect(again.check()).toContain('keyword rows')
    again.close()
  })

  it('[DA5] leaves no trace of a dropped term in the file', () => {
    const store = openIndexStore(path(), { recipe: 'r1' })
    store.put({ sha256: sha('keep'), title: null, chunks: chunksOf(['ordinary words']) })
    store.put({
      sha256: sha('secret'),
      title: 'Zyzzyva',
      chunks: chunksOf(['the qwertzuiop contract 翡翠机密'], ['Zyzzyva']),
    })
    store.drop(sha('secret'))
    store.purge()
    const bytes = ['', '-wal'].map((suffix) => {
      try {
        return readFileSync(path() + suffix).toString('latin1')
      } catch {
        return ''
      }
    })
    for (const trace of ['qwertzuiop', 'zyzzyva', 'Zyzzyva', Buffer.from('翡翠').toString('latin1')]) {
      expect(bytes.some((text) => text.includes(trace))).toBe(false)
    }
    expect(store.check()).toBeNull()
    store.close()
  })
})
