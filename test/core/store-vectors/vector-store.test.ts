import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mulberry32 } from '../../../src/core/evaluate/metrics.ts'
import { codeBytes, codeOf, codeScores } from '../../../src/core/store/vectors/codes.ts'
import { openVectorStore } from '../../../src/core/store/vectors/vector-store.ts'

const sha = (text: string) => createHash('sha256').update(text).digest('hex')
const unit = (values: number[]) => {
  const norm = Math.hypot(...values)
  return Float32Array.from(values, (value) => value / norm)
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifold-vectors-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const open = (options = {}) =>
  openVectorStore(join(folder, 'v.db'), { space: 's1', dimensions: 4, indexUuid: 'i1', ...options })

describe('vector store', () => {
  it('[MO2] gives a vector back bit for bit by its input, whatever chunk it belonged to', () => {
    const store = open()
    const vector = unit([0.1, -0.2, 0.3, 0.7])
    store.put(sha('a'), [{ chunkId: 1, inputHash: sha('x'), vector }])
    expect([...store.find(sha('x'))!]).toEqual([...vector])
    expect(store.find(sha('y'))).toBeNull()
    store.drop(sha('a'))
    expect(store.find(sha('x'))).toBeNull()
    expect(store.counts()).toEqual({ texts: 0, vectors: 0 })
    expect(store.check()).toBeNull()
    store.close()
  })

  it('refuses non-finite, non-unit and wrongly sized vectors, and writes none of their text', () => {
    const store = open()
    const good = { chunkId: 1, inputHash: sha('x'), vector: unit([1, 2, 3, 4]) }
    for (const vector of [
      Float32Array.of(NaN, 0, 0, 1),
      Float32Array.of(0, 0, 0, 0),
      Float32Array.of(1, 1, 1, 1),
      unit([1, 2, 3]),
      Float32Array.of(Infinity, 0, 0, 0),
    ]) {
      expect(() => store.put(sha('a'), [good, { chunkId: 2, inputHash: sha('y'), vector }])).toThrow()
      expect(store.has(sha('a'))).toBe(false)
    }
    expect(store.counts().vectors).toBe(0)
    store.close()
  })

  it('[MO1] refuses another space, size or index, naming the differing fields', () => {
    open().close()
    expect(() => open({ space: 's2', indexUuid: 'i2' })).toThrow(
      expect.objectContaining({
        code: 'space-mismatch',
        data: expect.objectContaining({ fields: 'space, index' }),
      }),
    )
  })

  it('codes a vector so that table sums are near its cosine', () => {
    const random = mulberry32(3)
    const draw = () => unit(Array.from({ length: 256 }, () => random() + random() + random() - 1.5))
    const query = draw()
    const { table, scale } = codeScores(query)
    for (let round = 0; round < 20; round++) {
      const other = draw()
      const vector = unit([...query].map((value, i) => value * (round / 10) + other[i]!))
      const code = new Uint8Array(codeBytes(256))
      codeOf(vector, code)
      const sum = code.reduce((total, byte, k) => total + table[256 * k + byte]!, 0)
      const cosine = vector.reduce((total, value, i) => total + value * query[i]!, 0)
      expect(Math.abs(sum * scale - cosine)).toBeLessThan(0.1)
    }
  })
})
