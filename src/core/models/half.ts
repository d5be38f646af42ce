/** Half-precision numbers to float32. */

/** What a graph that answers in float16 gives: Float16Array where the runtime has it (Node 24), else its bits. */
export type Halves = Uint16Array | ArrayLike<number>

export function toFloat32(data: Float32Array | Halves): Float32Array {
  if (data instanceof Float32Array) return data
  if (!(data instanceof Uint16Array)) return Float32Array.from(data)
  return Float32Array.from(data, fromHalf)
}

export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
