/**
 * What the prober process does: runs one model on one device and on the CPU, counts which provider ran its nodes,
 * compares the numbers and measures the speed [MO5]. It may crash or hang in a driver; nobody but the probe notices.
 */
import type { DeviceReason } from '../shared/devices.ts'
import { AppError } from '../shared/errors.ts'
import { openEmbedder, sampleTexts } from './embed/embedder.ts'
import type { Host } from './host.ts'
import { cosineOfBits, scoreDistance } from './models/batching.ts'
import { noFindings, type Findings } from './models/device-gate.ts'
import type { Provider } from './models/device-list.ts'
import { startInference, type Inference, type OpenInference } from './models/inference.ts'
import type { Model } from './models/load.ts'
import { openReranker, probe as probeTexts } from './rerank/reranker.ts'

export type ProberJobs = ReturnType<typeof createProber>

export interface ProbeRequest {
  model: Model
  provider: Provider
  threads: number
  /** For files that are gone when the probe is over, however it ends. */
  folder: string
}

/** Speed is that of texts of so many tokens, so many at once. */
const speedTokens = 128
const speedTexts = 8
/** The longest a measurement goes on once it has run for the first time. */
const speedMs = 1_500
const speedRounds = 20

export function createProber(host: Host, start: typeof startInference = startInference) {
  let inference: Inference | null = null
  return {
    async probe({ model, provider, threads, folder }: ProbeRequest): Promise<Findings> {
      inference ??= start(host, { threads })
      const findings = noFindings(null)
      try {
        const there = await runOn({ inference, model, device: provider, profile: folder })
        if (there.open.opened.fallback) {
          await there.open.close()
          return { ...findings, ...there.open.opened.fallback }
        }
        const numbers = await there.numbers()
        findings.nodes = await there.open.endProfile()
        findings.textsPerSecond = await there.textsPerSecond()
        await there.open.close()

        if (provider === 'cpu') {
          findings.worstCosine = 1
          findings.cpuTextsPerSecond = findings.textsPerSecond
          return findings
        }
        const here = await runOn({ inference, model, device: 'cpu' })
        const expected = await here.numbers()
        findings.worstCosine = Math.min(...numbers.map((one, i) => likeness(one, expected[i]!)))
        findings.cpuTextsPerSecond = await here.textsPerSecond()
        await here.open.close()
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return { ...findings, reason: reasonOf(error), detail: error.message.slice(0, 300) }
      }
      return findings
    },
  }
}

interface Options {
  inference: Inference
  model: Model
  device: Provider
  profile?: string
}

interface Running {
  open: OpenInference
  /** Vectors or scores of the same inputs each time; a score is one number. */
  numbers(): Promise<Float32Array[]>
  textsPerSecond(): Promise<number>
}

const runOn = (options: Options): Promise<Running> =>
  options.model.task === 'reranker' ? reranking(options) : embedding(options)

async function embedding(options: Options): Promise<Running> {
  const { open, promptedTokens, embedRows, tokenizer } = await openEmbedder(options)
  const { prompts } = options.model
  const rows = (['query', 'document'] as const).flatMap((side) =>
    sampleTexts.map((text) => ({ side, row: promptedTokens(prompts[side] + text) })),
  )
  // Where a device reads beyond its table without a word, the CPU says so.
  rows.push({ side: 'document', row: Int32Array.of(tokenizer.size - 1) })
  const batch = longRows(
    rows.map(({ row }) => row),
    options.model.maxTokens,
  )
  return {
    open,
    async numbers() {
      const vectors: Float32Array[] = []
      for (const { side, row } of rows) vectors.push(await embedRows([row], row.length, side))
      const together = rows.filter(({ side }) => side === 'document').map(({ row }) => row)
      const longest = Math.max(...together.map((row) => row.length))
      return [...vectors, ...split(await embedRows(together, longest, 'document'), together.length)]
    },
    textsPerSecond: () =>
      speedOf(async () => {
        await embedRows(batch, batch[0]!.length, 'document')
        return batch.length
      }),
  }
}

async function reranking(options: Options): Promise<Running> {
  const { open, encode, run, score } = await openReranker(options)
  const { query, passages } = probeTexts
  const alone = { batching: 'alone', usPerToken: 1 } as const
  const batch = longRows(
    passages.map((passage) => encode(query, passage).ids),
    options.model.maxTokens,
  )
  const asks = [...passages, ...sampleTexts]
  // A language model that answers with its whole vocabulary is asked one pair at a time.
  const atOnce = options.model.scoring?.kind === 'yes-no' ? batch.slice(0, 1) : batch
  return {
    open,
    numbers: async () => [...(await score(query, asks, alone))].map((one) => Float32Array.of(one)),
    textsPerSecond: () =>
      speedOf(async () => {
        await run(atOnce, atOnce[0]!.length)
        return atOnce.length
      }),
  }
}

/** Rows of real tokens, each of the length that speed is measured with. */
function longRows(samples: readonly Int32Array[], maxTokens: number): Int32Array[] {
  const length = Math.min(speedTokens, maxTokens)
  return Array.from({ length: speedTexts }, (_, nth) => {
    const sample = samples[nth % samples.length]!
    return Int32Array.from({ length }, (_, at) => sample[at % sample.length]!)
  })
}

/** Of the fastest round: what else the machine does only ever makes one slower. The first, which compiles, is not counted. */
async function speedOf(round: () => Promise<number>): Promise<number> {
  await round()
  const end = performance.now() + speedMs
  let best = 0
  for (let i = 0; i < speedRounds && (i === 0 || performance.now() < end); i++) {
    const start = performance.now()
    const texts = await round()
    best = Math.max(best, texts / ((performance.now() - start) / 1000))
  }
  return best
}

const likeness = (one: Float32Array, expected: Float32Array): number =>
  one.length === 1 ? 1 - scoreDistance(one[0]!, expected[0]!) : cosineOfBits(one, expected)

function split(all: Float32Array, count: number): Float32Array[] {
  const width = all.length / count
  return Array.from({ length: count }, (_, i) => all.slice(i * width, (i + 1) * width))
}

const reasonOf = ({ data }: AppError): DeviceReason =>
  data['problem'] === 'not-finite' ? 'not-finite' : 'failed'
