/**
 * Token rows to the inputs a graph asks for, whatever its family: ids, mask, types and positions; the number of a task
 * (jina v3); the empty past of a decoder (Qwen3). Refuses a graph that asks for anything else, by the input's name.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { AppError } from '../../shared/errors.ts'

/** Token ids of some texts, one after another. */
export interface TokenRows {
  ids: Int32Array
  lengths: Int32Array
  /** Only for pairs. */
  types: Uint8Array | null
  /** For a graph with a `task_id`. */
  task: number | null
}

/** Rows one after another, as they cross to the inference thread. */
export function joinRows(rows: readonly Int32Array[]): Pick<TokenRows, 'ids' | 'lengths'> {
  const lengths = Int32Array.from(rows, (row) => row.length)
  const ids = new Int32Array(lengths.reduce((sum, one) => sum + one, 0))
  let at = 0
  for (const row of rows) {
    ids.set(row, at)
    at += row.length
  }
  return { ids, lengths }
}

export interface RowLayout {
  /** What to fill unused places with, and on which side of the text they are. */
  padId: number
  paddingSide: 'left' | 'right'
  /** False where the model knows one type of token only, as XLM-R: all types are then 0. */
  twoTypes: boolean
}

type Input =
  | { kind: 'tokens'; name: TokenInput; type: 'int64' | 'int32' }
  | { kind: 'task'; name: string; type: 'int64' | 'int32'; rank: number; each: boolean }
  | { kind: 'past'; name: string; type: 'float32' | 'float16'; heads: number; width: number }
  | { kind: 'logits-kept'; name: string }

const tokenInputs = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'] as const
type TokenInput = (typeof tokenInputs)[number]

const pastName = /^past_key_values?\.\d+\.(?:decoder\.)?(?:key|value)$/

type MakeTensor = new (type: string, data: unknown, dims: readonly number[]) => Tensor

/** `tasks`: whether the model's files say which tasks to ask for. Throws 'model-invalid'. */
export function planInputs(
  metadata: readonly InferenceSession.ValueMetadata[],
  { tasks }: { tasks: boolean },
): Input[] {
  const plan = metadata.map((input) => planInput(input, tasks))
  if (!plan.some(({ name }) => name === 'input_ids')) {
    throw new AppError('model-invalid', 'the graph takes no input_ids', { data: { problem: 'inputs' } })
  }
  return plan
}

function planInput(input: InferenceSession.ValueMetadata, tasks: boolean): Input {
  const { name } = input
  if (input.isTensor) {
    const { type, shape } = input
    const whole = type === 'int64' || type === 'int32'
    if (whole && (tokenInputs as readonly string[]).includes(name))
      return { kind: 'tokens', name: name as TokenInput, type }
    if (whole && name === 'task_id') {
      if (!tasks) {
        throw refused(name, 'the graph is made for several tasks, and nothing says which number is search')
      }
      return { kind: 'task', name, type, rank: shape.length, each: typeof shape[0] !== 'number' }
    }
    const [, heads, , width] = shape
    if (pastName.test(name) && shape.length === 4 && (type === 'float32' || type === 'float16')) {
      if (typeof heads === 'number' && typeof width === 'number')
        return { kind: 'past', name, type, heads, width }
      throw refused(name, 'the graph does not say how large its past is')
    }
    if (name === 'num_logits_to_keep' && type === 'int64' && shape.length === 0)
      return { kind: 'logits-kept', name }
  }
  throw refused(name, `the graph wants an input named "${name}", which is not known here`)
}

const refused = (input: string, message: string): AppError =>
  new AppError('model-invalid', message, { data: { problem: 'inputs', input } })

/** Rows padded to `length`. */
export function makeFeeds(
  tensor: typeof Tensor,
  inputs: readonly Input[],
  rows: TokenRows,
  length: number,
  layout: RowLayout,
): Record<string, Tensor> {
  const TensorOf = tensor as unknown as MakeTensor
  const count = rows.lengths.length
  const whole = (type: 'int64' | 'int32', cells: Int32Array, dims: readonly number[]) =>
    type === 'int64'
      ? new TensorOf(type, new BigInt64Array(cells.buffer), dims)
      : new TensorOf(type, cells, dims)
  const feeds: Record<string, Tensor> = {}
  for (const input of inputs) {
    if (input.kind === 'tokens') {
      const step = input.type === 'int64' ? 2 : 1
      feeds[input.name] = whole(input.type, fill(input.name, rows, length, layout, step), [count, length])
    } else if (input.kind === 'task') {
      const dims = input.rank === 0 ? [] : input.each ? [count] : [1]
      const step = input.type === 'int64' ? 2 : 1
      const cells = new Int32Array((dims[0] ?? 1) * step)
      for (let at = 0; at < cells.length; at += step) cells[at] = rows.task ?? 0
      feeds[input.name] = whole(input.type, cells, dims)
    } else if (input.kind === 'past') {
      const none = input.type === 'float32' ? new Float32Array(0) : new Uint16Array(0)
      feeds[input.name] = new TensorOf(input.type, none, [count, input.heads, 0, input.width])
    } else {
      // Only a text's last place is read; where that is every row's last one, the others need not be made. 0 keeps all.
      const same = rows.lengths.every((one) => one === length)
      const kept = layout.paddingSide === 'left' || same ? 1n : 0n
      feeds[input.name] = new TensorOf('int64', BigInt64Array.of(kept), [])
    }
  }
  return feeds
}

/**
 * One input tensor. `step` 2 writes 64-bit numbers as two 32-bit halves (ids are never negative; every platform that
 * ONNX Runtime ships for is little-endian): making a BigInt for each token took longer than a static model's run.
 */
function fill(
  name: TokenInput,
  { ids, lengths, types }: TokenRows,
  length: number,
  layout: RowLayout,
  step: 1 | 2,
): Int32Array {
  const cells = new Int32Array(lengths.length * length * step)
  if (name === 'token_type_ids' && (!types || !layout.twoTypes)) return cells
  if (name === 'input_ids' && layout.padId !== 0) {
    for (let at = 0; at < cells.length; at += step) cells[at] = layout.padId
  }
  let from = 0
  for (let row = 0; row < lengths.length; row++) {
    const count = lengths[row]!
    let at = (row * length + (layout.paddingSide === 'left' ? length - count : 0)) * step
    for (let i = 0; i < count; i++, at += step) {
      if (name === 'input_ids') cells[at] = ids[from + i]!
      else if (name === 'attention_mask') cells[at] = 1
      else if (name === 'token_type_ids') cells[at] = types![from + i]!
      else cells[at] = i
    }
    from += count
  }
  return cells
}
