/** sqlite-vec's scalar functions on one connection. Where no build exists (Windows on ARM) the one we need is given in JavaScript. */
import { getLoadablePath } from 'sqlite-vec'
import type { Connection } from '../open.ts'

export function loadVectorFunctions(connection: Connection): void {
  try {
    // Native code cannot be opened inside app.asar; electron-builder keeps it beside, in app.asar.unpacked.
    connection.loadExtension(getLoadablePath().replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked'))
  } catch {
    connection.function('vec_distance_l2', { deterministic: true, directOnly: true }, (a, b) =>
      distance(view(a as Uint8Array), view(b as Uint8Array)),
    )
  }
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!
    sum += difference * difference
  }
  return Math.sqrt(sum)
}

/** A BLOB as floats; copied when its bytes do not start on a multiple of four. */
export function view(bytes: Uint8Array): Float32Array {
  if (bytes.byteOffset % 4 === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  return new Float32Array(bytes.slice().buffer)
}
