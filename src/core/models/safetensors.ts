/** Reads the tensors of a .safetensors file as float32; the format is a JSON header and raw little-endian numbers. */
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import { fromHalf } from './half.ts'

const maxHeaderBytes = 1_000_000

const Header = z.record(
  z.string(),
  z.looseObject({
    dtype: z.string().optional(),
    shape: z.array(z.number().int().min(0)).optional(),
    data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]).optional(),
  }),
)

const damaged = (): AppError =>
  new AppError('model-invalid', 'a weight file is damaged', { data: { problem: 'safetensors' } })

/** Throws 'model-invalid' for a damaged file or a number type other than F32, F16 and BF16. */
export function readSafetensors(bytes: Uint8Array): Map<string, Float32Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < 8) throw damaged()
  const headerBytes = Number(view.getBigUint64(0, true))
  if (headerBytes > maxHeaderBytes || 8 + headerBytes > bytes.byteLength) throw damaged()
  let header: z.infer<typeof Header>
  try {
    header = Header.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))))
  } catch (error) {
    throw new AppError('model-invalid', 'a weight file is damaged', {
      cause: error,
      data: { problem: 'safetensors' },
    })
  }
  const tensors = new Map<string, Float32Array>()
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue
    if (!dtype || !shape || !offsets) throw damaged()
    const count = shape.reduce((product, size) => product * size, 1)
    const width = dtype === 'F32' ? 4 : dtype === 'F16' || dtype === 'BF16' ? 2 : 0
    const from = 8 + headerBytes + offsets[0]
    if (width === 0 || offsets[1] - offsets[0] !== count * width || from + count * width > bytes.byteLength)
      throw damaged()
    const values = new Float32Array(count)
    for (let i = 0; i < count; i++) {
      if (dtype === 'F32') values[i] = view.getFloat32(from + i * 4, true)
      else if (dtype === 'F16') values[i] = fromHalf(view.getUint16(from + i * 2, true))
      else {
        scratch.setUint32(0, view.getUint16(from + i * 2, true) << 16)
        values[i] = scratch.getFloat32(0)
      }
    }
    tensors.set(name, values)
  }
  return tensors
}

const scratch = new DataView(new ArrayBuffer(4))
