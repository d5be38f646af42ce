/**
 * The codes of every vector in memory, 32 MB a million of 256 bits, and the scan over them: Hamming distance is the first
 * guess at which some hundred chunks are worth an exact score. Kept up to date by what the file says is new or gone.
 */
import { codeWords, popcount } from '../store/vectors/codes.ts'
import type { VectorReader } from '../store/vectors/vector-reader.ts'

export interface ScanResult {
  /** Nearest first by distance; equal distances by age. */
  chunkIds: number[]
  /** Chunks at each distance, over the whole library whatever the filter. */
  histogram: Uint32Array
  /** Chunks compared, filter or not. */
  total: number
}

export interface CodeTable {
  readonly size: number
  refresh(reader: VectorReader): void
  scan(query: Float32Array, limit: number, only: Uint8Array | null): ScanResult
  /** Chunk ids that `only` lets pass, at most `limit` + 1 of them. */
  allowed(only: Uint8Array, limit: number): number[]
}

const loadStep = 20_000

export function createCodeTable(dimensions: number): CodeTable {
  const width = codeWords(dimensions)
  let words = new Uint32Array(0)
  /** 0 marks a slot whose chunk is gone. */
  let chunkIds = new Uint32Array(0)
  let distances = new Uint16Array(0)
  let used = 0
  let gone = 0
  let lastCode = 0
  let lastDropped = 0
  let epoch = -1

  function grow(slots: number): void {
    if (slots <= chunkIds.length) return
    const capacity = Math.max(slots, Math.ceil(chunkIds.length * 1.5), 4096)
    const moreWords = new Uint32Array(capacity * width)
    moreWords.set(words.subarray(0, used * width))
    words = moreWords
    const moreIds = new Uint32Array(capacity)
    moreIds.set(chunkIds.subarray(0, used))
    chunkIds = moreIds
    distances = new Uint16Array(capacity)
  }

  function refresh(reader: VectorReader): void {
    const current = reader.epoch()
    if (current !== epoch || gone > 1000 + used / 4) {
      used = gone = lastCode = 0
      epoch = current
      lastDropped = reader.lastDropped()
    }
    // First what is gone, then what is new: a chunk may be dropped and written again.
    const dropped = new Set<number>()
    for (const row of reader.droppedAfter(lastDropped)) {
      dropped.add(row.chunkId)
      lastDropped = row.id
    }
    if (dropped.size > 0) {
      for (let slot = 0; slot < used; slot++) {
        if (chunkIds[slot] !== 0 && dropped.has(chunkIds[slot]!)) {
          chunkIds[slot] = 0
          gone++
        }
      }
    }
    for (;;) {
      const rows = reader.codesAfter(lastCode, loadStep)
      if (rows.length === 0) break
      grow(used + rows.length)
      for (const { id, chunkId, code } of rows) {
        chunkIds[used] = chunkId
        for (let word = 0; word < width; word++) words[used * width + word] = code.readUInt32LE(4 * word)
        used++
        lastCode = id
      }
    }
  }

  function measure(query: Uint32Array): void {
    if (width === 8) {
      // The built-in models' size, unrolled: twice as fast as the loop.
      const [a, b, c, d, e, f, g, h] = query as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ]
      for (let slot = 0, at = 0; slot < used; slot++, at += 8) {
        distances[slot] =
          popcount(words[at]! ^ a) +
          popcount(words[at + 1]! ^ b) +
          popcount(words[at + 2]! ^ c) +
          popcount(words[at + 3]! ^ d) +
          popcount(words[at + 4]! ^ e) +
          popcount(words[at + 5]! ^ f) +
          popcount(words[at + 6]! ^ g) +
          popcount(words[at + 7]! ^ h)
      }
      return
    }
    for (let slot = 0, at = 0; slot < used; slot++) {
      let sum = 0
      for (let word = 0; word < width; word++, at++) sum += popcount(words[at]! ^ query[word]!)
      distances[slot] = sum
    }
  }

  return {
    get size() {
      return used - gone
    },
    refresh,

    scan(query, limit, only) {
      measure(queryCode(query, width))
      const histogram = new Uint32Array(32 * width + 1)
      const passing = only ? new Uint32Array(32 * width + 1) : histogram
      for (let slot = 0; slot < used; slot++) {
        const id = chunkIds[slot]!
        if (id === 0) continue
        histogram[distances[slot]!]!++
        if (only && only[id] === 1) passing[distances[slot]!]!++
      }
      let threshold = 0
      for (let sum = 0; threshold < passing.length; threshold++) {
        sum += passing[threshold]!
        if (sum >= limit) break
      }
      const buckets: number[][] = Array.from({ length: threshold + 1 }, () => [])
      for (let slot = 0; slot < used; slot++) {
        const distance = distances[slot]!
        if (distance > threshold) continue
        const id = chunkIds[slot]!
        if (id !== 0 && (!only || only[id] === 1)) buckets[distance]!.push(id)
      }
      return { chunkIds: buckets.flat().slice(0, limit), histogram, total: used - gone }
    },

    allowed(only, limit) {
      const ids: number[] = []
      for (let slot = 0; slot < used && ids.length <= limit; slot++) {
        const id = chunkIds[slot]!
        if (id !== 0 && only[id] === 1) ids.push(id)
      }
      return ids
    },
  }
}

function queryCode(vector: Float32Array, width: number): Uint32Array {
  const code = new Uint32Array(width)
  for (let i = 0; i < vector.length; i++) if (vector[i]! > 0) code[i >> 5]! |= 1 << (i & 31)
  return code
}
