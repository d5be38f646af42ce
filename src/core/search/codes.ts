/**
 * The codes of every vector in memory, 64 bytes for 256 dimensions: a pass over them gives every chunk's approximate
 * cosine, and so which few hundred are worth an exact one and how far the rest of the library is. Kept up to date by what
 * the file says is new or gone.
 */
import { codeBytes, codeScores } from '../store/vectors/codes.ts'
import type { VectorReader } from '../store/vectors/vector-reader.ts'

export interface ScanResult {
  /** Best first by approximate cosine; equal ones by age. */
  chunkIds: number[]
  /** Chunks of the library, whatever the filter. */
  total: number
  /** Mean and standard deviation of their approximate cosines. */
  mean: number
  deviation: number
  /** Share of the library whose approximate cosine is below this. */
  shareBelow(cosine: number): number
}

export interface CodeTable {
  readonly size: number
  refresh(reader: CodeSource): void
  /** `only` holds 1 at each chunk id that may answer. */
  scan(query: Float32Array, limit: number, only: Uint8Array | null): ScanResult
}

export type CodeSource = Pick<VectorReader, 'epoch' | 'lastDropped' | 'droppedAfter' | 'codesAfter'>

const loadStep = 20_000
/** Buckets a unit of cosine is sorted into to find the best without sorting all. */
const bins = 2048

export function createCodeTable(dimensions: number): CodeTable {
  const width = codeBytes(dimensions)
  let codes = new Uint8Array(0)
  /** 0 marks a slot whose chunk is gone. */
  let chunkIds = new Uint32Array(0)
  let scores = new Int32Array(0)
  let used = 0
  let gone = 0
  let lastCode = 0
  let lastDropped = 0
  let epoch = -1

  function grow(slots: number): void {
    if (slots <= chunkIds.length) return
    const capacity = Math.max(slots, Math.ceil(chunkIds.length * 1.5), 4096)
    const moreCodes = new Uint8Array(capacity * width)
    moreCodes.set(codes.subarray(0, used * width))
    codes = moreCodes
    const moreIds = new Uint32Array(capacity)
    moreIds.set(chunkIds.subarray(0, used))
    chunkIds = moreIds
    scores = new Int32Array(capacity)
  }

  function refresh(reader: CodeSource): void {
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
        codes.set(code, used * width)
        used++
        lastCode = id
      }
    }
  }

  function measure(table: Int16Array): void {
    const whole = width - (width % 8)
    for (let slot = 0, at = 0; slot < used; slot++) {
      let sum = 0
      let row = 0
      // Eight at a time: half the time of the plain loop.
      for (let k = 0; k < whole; k += 8, at += 8, row += 2048) {
        sum +=
          table[row + codes[at]!]! +
          table[row + 256 + codes[at + 1]!]! +
          table[row + 512 + codes[at + 2]!]! +
          table[row + 768 + codes[at + 3]!]! +
          table[row + 1024 + codes[at + 4]!]! +
          table[row + 1280 + codes[at + 5]!]! +
          table[row + 1536 + codes[at + 6]!]! +
          table[row + 1792 + codes[at + 7]!]!
      }
      for (let k = whole; k < width; k++, at++, row += 256) sum += table[row + codes[at]!]!
      scores[slot] = sum
    }
  }

  return {
    get size() {
      return used - gone
    },
    refresh,

    scan(query, limit, only) {
      const { table, scale } = codeScores(query)
      measure(table)
      const histogram = new Uint32Array(2 * bins)
      const passing = only ? new Uint32Array(2 * bins) : histogram
      // Approximate cosines reach a little beyond 1.
      const toBin = (scale * bins) / 1.25
      let sum = 0
      let squares = 0
      for (let slot = 0; slot < used; slot++) {
        const id = chunkIds[slot]!
        if (id === 0) continue
        const score = scores[slot]!
        const bin = Math.max(0, Math.min(2 * bins - 1, Math.floor(score * toBin) + bins))
        histogram[bin]!++
        sum += score
        squares += score * score
        if (only && only[id] === 1) passing[bin]!++
      }
      const total = used - gone
      const mean = total > 0 ? sum / total : 0

      let border = 2 * bins - 1
      for (let count = 0; border > 0; border--) {
        count += passing[border]!
        if (count >= limit) break
      }
      const least = border === 0 ? -Infinity : (border - bins) / toBin
      const best: { id: number; score: number }[] = []
      for (let slot = 0; slot < used; slot++) {
        const score = scores[slot]!
        if (score < least) continue
        const id = chunkIds[slot]!
        if (id !== 0 && (!only || only[id] === 1)) best.push({ id, score })
      }
      best.sort((a, b) => b.score - a.score || a.id - b.id)
      return {
        chunkIds: best.slice(0, limit).map(({ id }) => id),
        total,
        mean: mean * scale,
        deviation: total > 0 ? Math.sqrt(Math.max(0, squares / total - mean * mean)) * scale : 0,
        shareBelow(cosine) {
          const bin = Math.max(0, Math.min(2 * bins - 1, Math.floor((cosine / scale) * toBin) + bins))
          let below = histogram[bin]! / 2
          for (let i = 0; i < bin; i++) below += histogram[i]!
          return total > 0 ? below / total : 0
        },
      }
    },
  }
}
