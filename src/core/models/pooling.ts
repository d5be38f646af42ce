/**
 * Token vectors to one vector a text: pooling, dense layers, truncation, unit length. Sums run over a text's own tokens
 * in double precision and in order, so padding and batch mates cannot change a bit [MO2].
 * Formulas: sentence_transformers/models/Pooling.py and Dense.py.
 */
import type { PoolingMode } from '../../shared/models.ts'

export type { PoolingMode }

export interface DenseLayer {
  inputs: number
  outputs: number
  /** Row by row: `outputs` rows of `inputs`. */
  weight: Float32Array
  bias: Float32Array | null
  activation: 'identity' | 'tanh'
}

export interface VectorSpec {
  /** Several are joined end to end. Not used where the graph gives the finished vector. */
  pooling: PoolingMode[]
  dense: DenseLayer[]
  /** Matryoshka: keep so many of the first numbers. */
  truncateTo: number | null
}

/**
 * `tokens`: [rows, length, width]. Returns [rows, width * modes]. `skip`: tokens at the beginning of each text that are
 * left out (its prompt); the last one always counts.
 */
export function pool(
  tokens: Float32Array,
  lengths: Int32Array,
  length: number,
  width: number,
  modes: readonly PoolingMode[],
  paddingSide: 'left' | 'right',
  skip = 0,
): Float32Array {
  const pooled = new Float32Array(lengths.length * width * modes.length)
  const sums = new Float64Array(width)
  for (let row = 0; row < lengths.length; row++) {
    const count = lengths[row]!
    const skipped = Math.min(skip, count - 1)
    const first = (row * length + (paddingSide === 'left' ? length - count : 0)) * width
    modes.forEach((mode, nth) => {
      const out = (row * modes.length + nth) * width
      if (mode === 'cls' || mode === 'last-token') {
        const from = first + (mode === 'cls' ? skipped : count - 1) * width
        pooled.set(tokens.subarray(from, from + width), out)
        return
      }
      sums.fill(mode === 'max' ? -Infinity : 0)
      let weights = 0
      for (let token = skipped, at = first + skipped * width; token < count; token++, at += width) {
        const weight = mode === 'weighted-mean' ? token + 1 : 1
        weights += weight
        if (mode === 'max') for (let i = 0; i < width; i++) sums[i] = Math.max(sums[i]!, tokens[at + i]!)
        else if (weight === 1) for (let i = 0; i < width; i++) sums[i]! += tokens[at + i]!
        else for (let i = 0; i < width; i++) sums[i]! += tokens[at + i]! * weight
      }
      const divisor = mode === 'max' ? 1 : mode === 'mean-sqrt' ? Math.sqrt(weights) : weights
      for (let i = 0; i < width; i++) pooled[out + i] = sums[i]! / divisor
    })
  }
  return pooled
}

export function applyDense(vectors: Float32Array, rows: number, layer: DenseLayer): Float32Array {
  const out = new Float32Array(rows * layer.outputs)
  for (let row = 0; row < rows; row++) {
    for (let o = 0; o < layer.outputs; o++) {
      let sum = layer.bias?.[o] ?? 0
      const from = row * layer.inputs
      const weights = o * layer.inputs
      for (let i = 0; i < layer.inputs; i++) sum += vectors[from + i]! * layer.weight[weights + i]!
      out[row * layer.outputs + o] = layer.activation === 'tanh' ? Math.tanh(sum) : sum
    }
  }
  return out
}

/**
 * Cuts each row to its first numbers and brings it to length 1. `bad` is the first row that is not finite, else -1. A row
 * of zeros (a text of unknown pieces only, as a lone emoji in a static model) becomes one fixed direction that no
 * text has: such a chunk is stored like any other, and is near to nothing.
 */
export function toUnit(
  vectors: Float32Array,
  rows: number,
  keep: number,
): { units: Float32Array; bad: number } {
  const width = vectors.length / rows
  const units = new Float32Array(rows * keep)
  for (let row = 0; row < rows; row++) {
    let squares = 0
    for (let i = 0; i < keep; i++) squares += vectors[row * width + i]! ** 2
    const norm = Math.sqrt(squares)
    if (!Number.isFinite(norm)) return { units, bad: row }
    for (let i = 0; i < keep; i++) {
      const nowhere = (i % 2 === 0 ? 1 : -1) / Math.sqrt(keep)
      units[row * keep + i] = norm === 0 ? nowhere : vectors[row * width + i]! / norm
    }
  }
  return { units, bad: -1 }
}
