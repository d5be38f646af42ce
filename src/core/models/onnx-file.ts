/**
 * Looks into an .onnx file without loading it: which files hold its weights, what it gives. Walks the protobuf fields by their lengths
 * and skips the weights themselves, so a gigabyte costs a few reads. Refuses a file that is cut short or is no graph.
 * Field numbers: onnx/onnx.proto (ModelProto.graph 7, GraphProto.initializer 5 and output 12, TensorProto.external_data
 * 13, ValueInfoProto.type 2, TypeProto.tensor_type 1, Tensor.shape 2, TensorShapeProto.dim 1).
 */
import { open, type FileHandle } from 'node:fs/promises'
import { AppError } from '../../shared/errors.ts'

const windowBytes = 1 << 16
const maxLocations = 1024

/** Names of the files that hold weights outside the graph, as the graph writes them. Throws 'model-invalid'. */
export async function externalLocations(path: string): Promise<string[]> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const reader = createReader(file, size)
    await refuseOther(reader, size)
    const locations = new Set<string>()
    let graphs = 0
    await eachField(reader, 0, size, async (field, from, to) => {
      if (field !== 7) return
      graphs++
      await eachField(reader, from, to, async (inGraph, tensorFrom, tensorTo) => {
        if (inGraph !== 5) return
        await eachField(reader, tensorFrom, tensorTo, async (inTensor, entryFrom, entryTo) => {
          if (inTensor !== 13) return
          let key = ''
          let value = ''
          await eachField(reader, entryFrom, entryTo, async (inEntry, textFrom, textTo) => {
            const text = (await reader.bytes(textFrom, Math.min(textTo, textFrom + 4096))).toString('utf8')
            if (inEntry === 1) key = text
            if (inEntry === 2) value = text
          })
          if (key === 'location') locations.add(value)
          if (locations.size > maxLocations) throw damaged()
        })
      })
    })
    if (graphs !== 1) throw damaged()
    return [...locations]
  } finally {
    await file.close()
  }
}

/** The graph's outputs and how many dimensions each has. Throws 'model-invalid'. */
export async function graphOutputs(path: string): Promise<{ name: string; rank: number }[]> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const reader = createReader(file, size)
    const outputs: { name: string; rank: number }[] = []
    const inside = async (steps: readonly number[], from: number, to: number, found: () => void) => {
      const [first, ...rest] = steps
      await eachField(reader, from, to, async (field, fieldFrom, fieldTo) => {
        if (field !== first) return
        if (rest.length === 0) found()
        else await inside(rest, fieldFrom, fieldTo, found)
      })
    }
    await eachField(reader, 0, size, async (field, from, to) => {
      if (field !== 7) return
      await eachField(reader, from, to, async (inGraph, outputFrom, outputTo) => {
        if (inGraph !== 12) return
        const output = { name: '', rank: 0 }
        await eachField(reader, outputFrom, outputTo, async (inOutput, textFrom, textTo) => {
          if (inOutput === 1) {
            output.name = (await reader.bytes(textFrom, Math.min(textTo, textFrom + 4096))).toString('utf8')
          }
        })
        await inside([2, 1, 2, 1], outputFrom, outputTo, () => void output.rank++)
        outputs.push(output)
        if (outputs.length > maxLocations) throw damaged()
      })
    })
    return outputs
  } finally {
    await file.close()
  }
}

interface Reader {
  bytes(from: number, to: number): Promise<Buffer>
}

const damaged = (): AppError =>
  new AppError('model-invalid', 'the graph file is cut short or is not an ONNX graph', {
    data: { problem: 'graph' },
  })

/** What download errors leave in place of a model. */
async function refuseOther(reader: Reader, size: number): Promise<void> {
  const start = (await reader.bytes(0, Math.min(size, 64))).toString('latin1')
  if (start.startsWith('version https://git-lfs')) {
    throw new AppError('model-invalid', 'the graph file is only a pointer to the real one (Git LFS)', {
      data: { problem: 'lfs-pointer' },
    })
  }
  if (size < 16 || /^\s*</.test(start)) throw damaged()
}

function createReader(file: FileHandle, size: number): Reader {
  let window: Buffer = Buffer.alloc(0)
  let begin = 0
  return {
    async bytes(from, to) {
      if (from < 0 || to > size || to < from) throw damaged()
      if (from < begin || to > begin + window.length) {
        const length = Math.min(Math.max(windowBytes, to - from), size - from)
        const fresh = Buffer.alloc(length)
        const { bytesRead } = await file.read(fresh, 0, length, from)
        if (bytesRead < to - from) throw damaged()
        window = fresh.subarray(0, bytesRead)
        begin = from
      }
      return window.subarray(from - begin, to - begin)
    },
  }
}

/** Calls `visit` for every length-delimited field of a message; numbers are passed over. */
async function eachField(
  reader: Reader,
  from: number,
  to: number,
  visit: (field: number, from: number, to: number) => Promise<void>,
): Promise<void> {
  let at = from
  while (at < to) {
    const head = await reader.bytes(at, Math.min(to, at + 20))
    const tag = varint(head, 0)
    at += tag.bytes
    const field = Math.floor(tag.value / 8)
    const wire = tag.value % 8
    if (field === 0) throw damaged()
    if (wire === 0) at += varint(head, tag.bytes).bytes
    else if (wire === 1) at += 8
    else if (wire === 5) at += 4
    else if (wire === 2) {
      const length = varint(head, tag.bytes)
      at += length.bytes
      if (at + length.value > to) throw damaged()
      await visit(field, at, at + length.value)
      at += length.value
    } else throw damaged()
    if (at > to) throw damaged()
  }
}

/** Exact up to 2^53; a larger one is not a length this file could have. */
function varint(bytes: Buffer, at: number): { value: number; bytes: number } {
  let value = 0
  let scale = 1
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) throw damaged()
    value += (byte & 127) * scale
    if (byte < 128) return { value, bytes: i + 1 }
    scale *= 128
  }
  throw damaged()
}
