/**
 * What a model must show before it is used [MO2 MO4]: it opens, has a vector for every token, gives finite unit vectors
 * of the stated size that differ from text to text, and puts related text nearer than unrelated. How it may be batched so
 * that a text keeps its bits is found out here too. Nothing is thrown for a failed check: it is in the result, and
 * `refuseFailed` decides.
 */
import { AppError } from '../../shared/errors.ts'
import type { SelfTestReport } from '../../shared/status.ts'
import { cosineOfBits, findBatching, sameBits, type Batching, type RunTokens, type Same } from './batching.ts'
import { judgeSense, type Sense } from './sense.ts'

export type Check = SelfTestReport['checks'][number]

export interface SelfTest {
  checks: Check[]
  batching: Batching
  /** Lowest cosine between a vector made alone and in a padded batch; 1 when they are equal. */
  worstCosine: number
  /** Measured on the longer rows alone; tells how large a batch may be. */
  usPerToken: number
  measuredAt: string
}

/** What no person can wave through: there would be no vectors, or none that can be stored. */
export const neverOverridden: ReadonlySet<Check['name']> = new Set(['opens', 'dimensions', 'finite'])

/** `data.problem` of a refusal, where it is not the check's own name. */
const problems: Partial<Record<Check['name'], string>> = { finite: 'not-finite', tokenizer: 'vocabulary' }
export const problemOf = (check: Check['name']): string => problems[check] ?? check

export interface TestedModel {
  /** null: scores, one number a row. */
  dimensions: number | null
  /** The tokenizer's last id. */
  highestId: number
  maxTokens: number
  paddingSide: 'left' | 'right'
  /** Tokens of the shortest row there can be: a pair has its marks. */
  shortest?: number
  /** Real token rows. */
  samples: readonly Int32Array[]
  run: RunTokens
  /** See findBatching. */
  aloneOnly?: boolean
  same?: Same
  /** Languages it claims; empty when nobody says. */
  languages: readonly string[]
  sense: Sense
}

export async function testModel(model: TestedModel): Promise<SelfTest> {
  const result: SelfTest = {
    checks: [
      { name: 'opens', ok: true, figure: null, detail: 'the graph opens and takes the inputs it is given' },
    ],
    batching: 'alone',
    worstCosine: 1,
    usPerToken: 1,
    measuredAt: new Date().toISOString(),
  }
  const add = (name: Check['name'], ok: boolean, figure: string | null, detail: string): boolean => {
    result.checks.push({ name, ok, figure, detail })
    return ok
  }
  try {
    await checkTokenizer(model, add)
    if (!(await checkDimensions(model, add))) return result
    const found = await findBatching(model.run, model.samples, model.maxTokens, model.paddingSide, model)
    Object.assign(result, { batching: found.batching, usPerToken: found.usPerToken })
    add('finite', true, null, 'every number is finite')
    if (model.dimensions !== null) {
      const norms = found.alone.map((vector) => Math.abs(Math.hypot(...vector) - 1))
      const worst = Math.max(...norms)
      add(
        'norm',
        worst <= 1e-4,
        worst.toExponential(1),
        'vectors have length 1; the figure is the largest error',
      )
      result.worstCosine = Math.min(...found.alone.map((vector, i) => cosineOfBits(vector, found.padded[i]!)))
    }
    const constant = found.alone.every((vector) => sameBits(vector, found.alone[0]!))
    add(
      'constant',
      !constant,
      null,
      constant ? 'every text gets the same numbers' : 'texts get different numbers',
    )
    if (model.aloneOnly)
      add('batched', true, null, 'not tried: texts run one by one, for the memory they take')
    else add('batched', true, batchedFigure(model, result, found), batchingWords(model)[found.batching])
    if (!constant) result.checks.push(await judgeSense(model.sense, model.languages))
  } catch (error) {
    const failed = failedBy(error)
    if (!failed) throw error
    result.checks.push(failed)
  }
  return result
}

async function checkTokenizer(
  { run, highestId, shortest = 1 }: TestedModel,
  add: (name: 'tokenizer', ok: boolean, figure: string, detail: string) => boolean,
): Promise<void> {
  const figure = `${highestId + 1} tokens`
  try {
    await run([new Int32Array(shortest).fill(highestId)], shortest)
    add('tokenizer', true, figure, 'every token has a row in the embedding table')
  } catch (error) {
    if (!(error instanceof AppError) || error.data['problem'] !== 'vocabulary') throw error
    add('tokenizer', false, figure, 'the tokenizer has more tokens than the embedding table has rows')
  }
}

async function checkDimensions(
  { run, samples, dimensions }: TestedModel,
  add: (name: 'dimensions', ok: boolean, figure: string, detail: string) => boolean,
): Promise<boolean> {
  const wanted = dimensions ?? 1
  const row = samples[0]!
  const { length } = await run([row], row.length)
  return add(
    'dimensions',
    length === wanted,
    String(length),
    length === wanted
      ? `${length} numbers, as its files say`
      : `the model gives ${length} numbers, its files say ${wanted}`,
  )
}

function batchingWords({ same = sameBits }: TestedModel): Record<Batching, string> {
  const kept = same === sameBits ? 'keeps its bits' : 'stays within the tolerance'
  return {
    padded: `a text ${kept} in every batch, padded or not; texts of like length run together`,
    'same-length': `a text ${kept} beside texts of its own length only; nothing is padded`,
    alone: `a text ${kept} only alone; texts run one by one`,
  }
}

function batchedFigure(
  { dimensions }: TestedModel,
  { worstCosine }: SelfTest,
  { alone, padded }: { alone: Float32Array[]; padded: Float32Array[] },
): string {
  if (dimensions !== null) return String(Math.round(worstCosine * 1e7) / 1e7)
  const worst = Math.max(...alone.map((score, i) => Math.abs(score[0]! - padded[i]![0]!)))
  return worst === 0 ? '0' : worst.toExponential(1)
}

/** The check that an error of a run means; null for anything else. */
export function failedBy(error: unknown): Check | null {
  if (!(error instanceof AppError) || error.code !== 'model-invalid') return null
  const problem = String(error.data['problem'])
  const name =
    problem === 'not-finite'
      ? 'finite'
      : problem === 'vocabulary'
        ? 'tokenizer'
        : problem === 'dimensions'
          ? 'dimensions'
          : 'opens'
  return { name, ok: false, figure: null, detail: error.message }
}

/** Throws 'model-invalid' with the first failed check in `data.problem`, unless the person said to use it all the same. */
export function refuseFailed(modelId: string, { checks }: SelfTest, overridden: boolean): void {
  const failed = checks.filter(({ ok }) => !ok)
  const [first] = overridden ? failed.filter(({ name }) => neverOverridden.has(name)) : failed
  if (!first) return
  throw new AppError('model-invalid', `${modelId} failed its self-test (${first.name}): ${first.detail}`, {
    data: {
      model: modelId,
      problem: problemOf(first.name),
      check: first.name,
      ...(first.figure === null ? {} : { figure: first.figure }),
    },
  })
}
