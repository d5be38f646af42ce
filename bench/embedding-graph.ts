/**
 * An encoder of MiniLM-L6's size with random weights, written as ONNX by hand, so that a benchmark needs neither a
 * download nor a 100 MB file in the repository. Protobuf: onnx/onnx.proto; the graph is a BERT with mean pooling left out.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const width = 384
const heads = 12
const inner = 1536
const layers = 6
const positions = 512

/** Writes config, pooling and graph; the tokenizer's two files are the caller's. */
export function writeEncoder(folder: string, vocabulary: number): void {
  mkdirSync(join(folder, 'onnx'), { recursive: true })
  mkdirSync(join(folder, '1_Pooling'), { recursive: true })
  const json = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value))
  json('config.json', {
    model_type: 'bert',
    hidden_size: width,
    vocab_size: vocabulary,
    max_position_embeddings: positions,
    // Random weights mean nothing: it claims no language that the self-test asks in.
    manifold: { languages: ['la'] },
  })
  json('1_Pooling/config.json', { word_embedding_dimension: width, pooling_mode_mean_tokens: true })
  json('sentence_bert_config.json', { max_seq_length: 256 })
  writeFileSync(join(folder, 'onnx', 'model.onnx'), encoder(vocabulary))
}

/** A field of a protobuf message: a number, text, or bytes. */
const varint = (value: number): Buffer => {
  const bytes: number[] = []
  while (value > 127) {
    bytes.push((value % 128) | 128)
    value = Math.floor(value / 128)
  }
  bytes.push(value)
  return Buffer.from(bytes)
}
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)])
const bytes = (field: number, value: Uint8Array | string): Buffer => {
  const body = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body])
}

function encoder(vocabulary: number): Buffer {
  const nodes: Buffer[] = []
  const tensors: Buffer[] = []
  let seed = 1
  /** About normal, mean 0, deviation 1: the sum of three uniform numbers, from a fixed seed. */
  const random = (): number => {
    let sum = 0
    for (let i = 0; i < 3; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      sum += seed / 4294967296
    }
    return (sum - 1.5) * 2
  }
  const tensor = (dims: number[], data: Float32Array | BigInt64Array): string => {
    const name = `t${tensors.length}`
    const kind = data instanceof Float32Array ? 1 : 7
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    tensors.push(
      bytes(
        5,
        Buffer.concat([...dims.map((dim) => number(1, dim)), number(2, kind), bytes(8, name), bytes(9, raw)]),
      ),
    )
    return name
  }
  const weight = (...dims: number[]): string => {
    const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1))
    const scale = 1 / Math.sqrt(dims[0] === vocabulary ? width : dims[0]!)
    for (let i = 0; i < data.length; i++) data[i] = random() * scale
    return tensor(dims, data)
  }
  const constant = (value: number): string => tensor([], Float32Array.of(value))
  const shape = (...values: number[]): string => tensor([values.length], BigInt64Array.from(values, BigInt))
  const ints = (name: string, values: number[]): Buffer =>
    bytes(5, Buffer.concat([bytes(1, name), ...values.map((value) => number(8, value)), number(20, 7)]))
  const int = (name: string, value: number): Buffer =>
    // A negative number is ten bytes of ones; -1 is the only one needed.
    bytes(
      5,
      Buffer.concat([
        bytes(1, name),
        value < 0 ? Buffer.from('18ffffffffffffffffff01', 'hex') : number(3, value),
        number(20, 2),
      ]),
    )
  const node = (kind: string, inputs: string[], attributes: Buffer[] = []): string => {
    const name = `n${nodes.length}`
    nodes.push(
      bytes(
        1,
        Buffer.concat([
          ...inputs.map((input) => bytes(1, input)),
          bytes(2, name),
          bytes(4, kind),
          ...attributes,
        ]),
      ),
    )
    return name
  }
  const dense = (input: string, from: number, to: number): string =>
    node('Add', [node('MatMul', [input, weight(from, to)]), weight(to)])
  const normalise = (input: string): string =>
    node(
      'LayerNormalization',
      [input, tensor([width], new Float32Array(width).fill(1)), tensor([width], new Float32Array(width))],
      [int('axis', -1)],
    )

  const length = node('Shape', ['input_ids'])
  const range = node('Range', [
    tensor([], BigInt64Array.of(0n)),
    node('Gather', [length, tensor([], BigInt64Array.of(1n))]),
    tensor([], BigInt64Array.of(1n)),
  ])
  let x = node('Gather', [weight(vocabulary, width), 'input_ids'])
  x = node('Add', [x, node('Gather', [weight(positions, width), range])])
  x = normalise(node('Add', [x, node('Gather', [weight(2, width), 'token_type_ids'])]))
  const seen = node('Cast', [node('Unsqueeze', ['attention_mask', shape(1, 2)])], [int('to', 1)])
  const hidden = node('Mul', [node('Sub', [constant(1), seen]), constant(-1e9)])
  const split = (input: string, order: number[]): string =>
    node('Transpose', [node('Reshape', [input, shape(0, 0, heads, width / heads)])], [ints('perm', order)])
  for (let layer = 0; layer < layers; layer++) {
    const query = split(dense(x, width, width), [0, 2, 1, 3])
    const key = split(dense(x, width, width), [0, 2, 3, 1])
    const value = split(dense(x, width, width), [0, 2, 1, 3])
    const scores = node('Div', [node('MatMul', [query, key]), constant(Math.sqrt(width / heads))])
    const attended = node('MatMul', [
      node('Softmax', [node('Add', [scores, hidden])], [int('axis', -1)]),
      value,
    ])
    const joined = node('Reshape', [
      node('Transpose', [attended], [ints('perm', [0, 2, 1, 3])]),
      shape(0, 0, width),
    ])
    x = normalise(node('Add', [x, dense(joined, width, width)]))
    const wide = dense(x, width, inner)
    const gelu = node('Mul', [
      node('Mul', [wide, constant(0.5)]),
      node('Add', [node('Erf', [node('Div', [wide, constant(Math.SQRT2)])]), constant(1)]),
    ])
    x = normalise(node('Add', [x, dense(gelu, inner, width)]))
  }
  nodes.push(bytes(1, Buffer.concat([bytes(1, x), bytes(2, 'last_hidden_state'), bytes(4, 'Identity')])))

  const dim = (value: string | number): Buffer =>
    bytes(1, typeof value === 'string' ? bytes(2, value) : number(1, value))
  const info = (field: number, name: string, kind: number, dims: (string | number)[]): Buffer =>
    bytes(
      field,
      Buffer.concat([
        bytes(1, name),
        bytes(2, bytes(1, Buffer.concat([number(1, kind), bytes(2, Buffer.concat(dims.map(dim)))]))),
      ]),
    )
  const graph = Buffer.concat([
    ...nodes,
    bytes(2, 'encoder'),
    ...tensors,
    ...['input_ids', 'attention_mask', 'token_type_ids'].map((name) =>
      info(11, name, 7, ['batch', 'tokens']),
    ),
    info(12, 'last_hidden_state', 1, ['batch', 'tokens', width]),
  ])
  return Buffer.concat([number(1, 8), bytes(7, graph), bytes(8, number(2, 17))])
}
