/**
 * The Unigram model: the most probable cut of a string into pieces, by one forward pass (Viterbi) over a trie.
 * Same rules as the reference implementation (huggingface/tokenizers, `encode_optimized`): of equal scores the longer
 * piece wins, unknown characters cost 10 more than the worst piece, neighbouring unknowns become one.
 * Why not the package's own: it builds a lattice of objects, which is several times slower.
 */

export interface UnigramModel {
  /** Appends the ids of one pre-token to `out`. Linear in its length. */
  encode(word: string, out: number[]): void
  /** Whether some piece has a space mark after another character; then words cannot be cut apart from each other. */
  readonly joinsWords: boolean
}

const mark = '\u2581'
const unknownPenalty = 10

/** Children of all nodes in one open-addressing table: a Map per node costs ten times the memory. */
function createTrie(pieces: readonly string[]) {
  let units = 0
  for (const piece of pieces) units += piece.length
  let capacity = 1024
  while (capacity < units * 2) capacity *= 2
  const wrap = capacity - 1
  const parents = new Int32Array(capacity).fill(-1)
  const labels = new Uint16Array(capacity)
  const children = new Int32Array(capacity)
  const pieceOf = new Int32Array(units + 1).fill(-1)
  let nodes = 1

  const slotOf = (node: number, unit: number): number => {
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)) >>> 0
    slot = (slot ^ (slot >>> 15)) & wrap
    while (parents[slot] !== -1 && (parents[slot] !== node || labels[slot] !== unit)) slot = (slot + 1) & wrap
    return slot
  }
  pieces.forEach((piece, id) => {
    let node = 0
    for (let i = 0; i < piece.length; i++) {
      const unit = piece.charCodeAt(i)
      const slot = slotOf(node, unit)
      if (parents[slot] === -1) {
        parents[slot] = node
        labels[slot] = unit
        children[slot] = nodes++
      }
      node = children[slot]!
    }
    if (node !== 0) pieceOf[node] = id
  })
  return {
    /** The child of `node` under a UTF-16 unit; 0 (the root) when there is none. */
    child(node: number, unit: number): number {
      const slot = slotOf(node, unit)
      return parents[slot] === -1 ? 0 : children[slot]!
    },
    pieceOf,
  }
}

export function createUnigram(
  vocab: readonly (readonly [string, number])[],
  unknownId: number,
): UnigramModel {
  const pieces = vocab.map(([piece]) => piece)
  const scores = Float64Array.from(vocab, ([, score]) => score)
  let worst = Infinity
  for (const score of scores) if (score < worst) worst = score
  const unknownScore = worst - unknownPenalty
  if (unknownId >= 0) scores[unknownId] = unknownScore
  const { child, pieceOf } = createTrie(pieces)
  const joinsWords = pieces.some((piece) => {
    const at = piece.lastIndexOf(mark)
    return at > 0 && piece !== mark.repeat(piece.length)
  })

  let best = new Float64Array(256)
  let from = new Int32Array(256)
  let ids = new Int32Array(256)

  return {
    joinsWords,
    encode(word, out) {
      const length = word.length
      if (length >= best.length) {
        const size = Math.max(length + 1, best.length * 2)
        best = new Float64Array(size)
        from = new Int32Array(size)
        ids = new Int32Array(size)
      }
      from.fill(-1, 0, length + 1)
      best[0] = 0
      for (let start = 0; start < length;) {
        const base = best[start]!
        const first = word.charCodeAt(start)
        const second = (first & 0xfc00) === 0xd800 && start + 1 < length ? word.charCodeAt(start + 1) : 0
        const width = (second & 0xfc00) === 0xdc00 ? 2 : 1
        let single = false
        let node = 0
        for (let end = start; end < length;) {
          node = child(node, word.charCodeAt(end++))
          if (node === 0) break
          const id = pieceOf[node]!
          if (id < 0) continue
          if (end - start === width) single = true
          const score = base + scores[id]!
          if (from[end] === -1 || score > best[end]!) {
            best[end] = score
            from[end] = start
            ids[end] = id
          }
        }
        const next = start + width
        if (!single) {
          const score = base + unknownScore
          if (from[next] === -1 || score > best[next]!) {
            best[next] = score
            from[next] = start
            ids[next] = unknownId
          }
        }
        start = next
      }
      const begin = out.length
      for (let end = length; end > 0; end = from[end]!) {
        const id = ids[end]!
        if (id === unknownId && out.length > begin && out[out.length - 1] === unknownId) continue
        out.push(id)
      }
      for (let low = begin, high = out.length - 1; low < high; low++, high--) {
        const swap = out[low]!
        out[low] = out[high]!
        out[high] = swap
      }
    },
  }
}
