/**
 * The codes of every vector in memory, 96 bytes for 256 dimensions: a pass over them says which few hundred chunks are worth
 * an exact cosine. Two passes when there are many: signs alone (popcount) leave a tenth, two bits a dimension choose from
 * that. Kept up to date by what the file says is new or gone. Figures: docs/decisions/0001-scan.md.
 */
import { codeBytes, codeScores } from '../store/vectors/codes.ts'
import type { VectorReader } from '../store/vectors/vector-reader.ts'

export interface ScanResult {
  /** Best first by approximate cosine; equal ones by id. */
  chunkIds: number[]
  /** Chunks of the library, whatever the filter. */
  total: number
  /** Mean and standard deviation of the approximate cosine over an even sample of the library. */
  mean: number
  deviation: number
  /** Share of that sample below this cosine. */
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
/** So many are scored by both bits at once; of more, signs leave the larger of this and `keptShare`. */
const keptAtLeast = 40_000
const keptShare = 0.1
const sampleSize = 4096
/** Steps a unit of cosine is sorted into, to find the best without sorting all. */
const bins = 2048

export function createCodeTable(dimensions: number): CodeTable {
  const width = codeBytes(dimensions)
  const signWords = Math.ceil(dimensions / 32)
  let codes = new Uint8Array(0)
  let signs = new Uint32Array(0)
  /** 0 marks a slot whose chunk is gone. */
  let chunkIds = new Uint32Array(0)
  /** Scratch of a scan: slots in question, and their scores. */
  let slots = new Uint32Array(0)
  let scores = new Int32Array(0)
  let used = 0
  let gone = 0
  let lastCode = 0
  let lastDropped = 0
  let epoch = -1

  function grow(wanted: number): void {
    if (wanted <= chunkIds.length) return
    const capacity = Math.max(wanted, Math.ceil(chunkIds.length * 1.5), 4096)
    const copy = <T extends Uint8Array | Uint32Array>(to: T, from: T, length: number): T => {
      to.set(from.subarray(0, length))
      return to
    }
    codes = copy(new Uint8Array(capacity * width), codes, used * width)
    signs = copy(new Uint32Array(capacity * signWords), signs, used * signWords)
    chunkIds = copy(new Uint32Array(capacity), chunkIds, used)
    slots = new Uint32Array(capacity)
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
        packSigns(code, signs, used * signWords, signWords)
        used++
        lastCode = id
      }
    }
  }

  /** Scores of the first `count` of `slots`, by both bits. */
  function measure(table: Int16Array, count: number): void {
    const whole = width - (width % 8)
    for (let i = 0; i < count; i++) {
      let at = slots[i]! * width
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
      scores[i] = sum
    }
  }

  /** Keeps of the first `count` of `slots` those nearest by sign, `keep` of them and ties. */
  function nearestBySign(query: Uint32Array, count: number, keep: number): number {
    const histogram = new Uint32Array(32 * signWords + 1)
    if (signWords === 8) {
      // The built-in models' size, unrolled.
      const [a, b, c, d, e, f, g, h] = query as unknown as number[]
      for (let i = 0; i < count; i++) {
        const at = slots[i]! * 8
        const distance =
          popcount(signs[at]! ^ a!) +
          popcount(signs[at + 1]! ^ b!) +
          popcount(signs[at + 2]! ^ c!) +
          popcount(signs[at + 3]! ^ d!) +
          popcount(signs[at + 4]! ^ e!) +
          popcount(signs[at + 5]! ^ f!) +
          popcount(signs[at + 6]! ^ g!) +
          popcount(signs[at + 7]! ^ h!)
        scores[i] = distance
        histogram[distance]!++
      }
    } else {
      for (let i = 0; i < count; i++) {
        let at = slots[i]! * signWords
        let distance = 0
        for (let word = 0; word < signWords; word++, at++) distance += popcount(signs[at]! ^ query[word]!)
        scores[i] = distance
        histogram[distance]!++
      }
    }
    let border = 0
    for (let sum = 0; border < histogram.length; border++) if ((sum += histogram[border]!) >= keep) break
    let kept = 0
    for (let i = 0; i < count; i++) if (scores[i]! <= border) slots[kept++] = slots[i]!
    return kept
  }

  function best(count: number, limit: number, toBin: number): number[] {
    const histogram = new Uint32Array(2 * bins)
    const binOf = (score: number): number =>
      Math.max(0, Math.min(2 * bins - 1, Math.floor(score * toBin) + bins))
    for (let i = 0; i < count; i++) histogram[binOf(scores[i]!)]!++
    let border = 2 * bins - 1
    for (let sum = 0; border > 0; border--) if ((sum += histogram[border]!) >= limit) break
    const found: { id: number; score: number }[] = []
    for (let i = 0; i < count; i++) {
      if (binOf(scores[i]!) >= border) found.push({ id: chunkIds[slots[i]!]!, score: scores[i]! })
    }
    found.sort((a, b) => b.score - a.score || a.id - b.id)
    return found.slice(0, limit).map(({ id }) => id)
  }

  return {
    get size() {
      return used - gone
    },
    refresh,

    scan(query, limit, only) {
      const { table, scale } = codeScores(query)
      const stride = Math.max(1, Math.floor(used / sampleSize))
      let sampled = 0
      for (let slot = stride >> 1; slot < used; slot += stride)
        if (chunkIds[slot] !== 0) slots[sampled++] = slot
      measure(table, sampled)
      const sample = Float32Array.from(scores.subarray(0, sampled), (score) => score * scale).sort()

      let count = 0
      for (let slot = 0; slot < used; slot++) {
        const id = chunkIds[slot]!
        if (id !== 0 && (!only || only[id] === 1)) slots[count++] = slot
      }
      const keep = Math.max(keptAtLeast, Math.ceil(count * keptShare), limit)
      if (count > keep) count = nearestBySign(signsOf(query, signWords), count, keep)
      measure(table, count)
      const { mean, deviation } = momentsOf(sample)
      return {
        // Approximate cosines reach a little beyond 1.
        chunkIds: best(count, limit, (scale * bins) / 1.25),
        total: used - gone,
        mean,
        deviation,
        shareBelow: (cosine) => (sampled > 0 ? lowerBound(sample, cosine) / sampled : 0),
      }
    },
  }
}

/** Every other bit of a code is a sign. */
function packSigns(code: Uint8Array, signs: Uint32Array, at: number, words: number): void {
  signs.fill(0, at, at + words)
  for (let k = 0; k < code.length; k++) {
    const byte = code[k]!
    const four = (byte & 1) | ((byte >> 1) & 2) | ((byte >> 2) & 4) | ((byte >> 3) & 8)
    signs[at + (k >> 3)]! |= four << ((k & 7) * 4)
  }
}

function signsOf(vector: Float32Array, words: number): Uint32Array {
  const signs = new Uint32Array(words)
  for (let i = 0; i < vector.length; i++) if (vector[i]! > 0) signs[i >> 5]! |= 1 << (i & 31)
  return signs
}

/** Set bits of a 32-bit word (Hacker's Delight, figure 5-2). */
function popcount(word: number): number {
  word -= (word >>> 1) & 0x55555555
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function momentsOf(sample: Float32Array): { mean: number; deviation: number } {
  if (sample.length === 0) return { mean: 0, deviation: 0 }
  let sum = 0
  let squares = 0
  for (const value of sample) {
    sum += value
    squares += value * value
  }
  const mean = sum / sample.length
  return { mean, deviation: Math.sqrt(Math.max(0, squares / sample.length - mean * mean)) }
}

/** How many of the sorted values are below `value`. */
function lowerBound(sorted: Float32Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
