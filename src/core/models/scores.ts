/**
 * A reranker's numbers to one logit a pair: a single logit as it is, the log-odds of one label of a classifier, or
 * yes against no at the last token of a language model. Refuses several labels that nobody gave a meaning: which of two
 * is "relevant" differs from model to model, and the wrong one turns the order round.
 */
import { AppError } from '../../shared/errors.ts'

/** null: the graph gives one logit a pair. Token ids and labels by number. */
export type ScoreSpec =
  { kind: 'label'; positive: number } | { kind: 'yes-no'; yes: number; no: number } | null

interface Output {
  name: string
  rank: number
  width: number | null
}

/** Throws 'model-invalid' with problem 'outputs' or 'scoring-unknown'. */
export function scoreOutput(outputs: readonly Output[], spec: ScoreSpec): Output {
  const output = outputs.find((one) => one.name === 'logits') ?? outputs[0]
  if (!output) {
    throw new AppError('model-invalid', 'the graph gives no scores', { data: { problem: 'outputs' } })
  }
  if (spec?.kind === 'yes-no') {
    const needed = Math.max(spec.yes, spec.no) + 1
    if (output.rank === 3 && (output.width === null || output.width >= needed)) return output
    throw new AppError('model-invalid', 'the graph gives no logits of the words it is to answer with', {
      data: { problem: 'outputs' },
    })
  }
  if (output.rank === 3) {
    throw new AppError(
      'model-invalid',
      'the graph is a language model; nothing says how it is asked for a score, and by which two words it answers',
      { data: { problem: 'scoring-unknown' } },
    )
  }
  const labels = output.rank === 2 ? output.width : 1
  if (spec === null && labels !== null && labels !== 1) throw severalLabels(labels)
  if (spec !== null && labels !== null && (labels < 2 || spec.positive >= labels)) {
    throw new AppError('model-invalid', `the graph has ${labels} labels; label ${spec.positive} is not one`, {
      data: { problem: 'outputs', found: labels },
    })
  }
  return output
}

const severalLabels = (labels: number): AppError =>
  new AppError(
    'model-invalid',
    `the graph gives ${labels} numbers a pair; nothing says which of them means "relevant"`,
    { data: { problem: 'scoring-unknown', found: labels } },
  )

/** null when the graph answered in a shape it did not promise. */
export function scoresOf(
  data: Float32Array,
  dims: readonly number[],
  { lengths, length }: { lengths: Int32Array; length: number },
  spec: ScoreSpec,
  paddingSide: 'left' | 'right',
): Float32Array | null {
  const rows = lengths.length
  if (spec === null) {
    if (dims.length === 2 && dims[1] !== 1) throw severalLabels(dims[1]!)
    return data.length === rows ? Float32Array.from(data) : null
  }
  const width = dims.at(-1)!
  if (spec.kind === 'label') {
    if (dims.length !== 2 || dims[0] !== rows || spec.positive >= width) return null
    return Float32Array.from({ length: rows }, (_, row) =>
      logOdds(data.subarray(row * width, (row + 1) * width), spec.positive),
    )
  }
  // A graph may keep the logits of its last place only.
  const places = dims[1]!
  if (dims.length !== 3 || dims[0] !== rows || (places !== length && places !== 1)) return null
  if (spec.yes >= width || spec.no >= width) return null
  return Float32Array.from({ length: rows }, (_, row) => {
    const last = places === 1 ? 0 : paddingSide === 'left' ? length - 1 : lengths[row]! - 1
    const at = (row * places + last) * width
    return data[at + spec.yes]! - data[at + spec.no]!
  })
}

/** logit(softmax(logits)[positive]): for two labels their difference. */
function logOdds(logits: Float32Array, positive: number): number {
  let highest = -Infinity
  logits.forEach((logit, label) => {
    if (label !== positive) highest = Math.max(highest, logit)
  })
  let others = 0
  logits.forEach((logit, label) => {
    if (label !== positive) others += Math.exp(logit - highest)
  })
  return logits[positive]! - highest - Math.log(others)
}
