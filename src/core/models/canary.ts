/**
 * The drift canary [MO3]: fixed sentences embedded when the first vectors of an index are made, kept beside them, and
 * embedded again at every start. Vectors made on another day are only worth comparing while these stay what they were.
 */
import { arch, platform, release } from 'node:os'
import type { CanaryReport, canaryFields } from '../../shared/status.ts'
import type { ModelEmbedder } from '../embed/embedder.ts'
import { cosineOfBits } from './batching.ts'
import { hardware } from './records.ts'

/** Two languages, code, emoji, full-width, one letter, one long: where tokenizers and kernels take different ways. */
export const canaryTexts: readonly string[] = [
  'The quick brown fox jumps over the lazy dog while 37 other foxes watch.',
  '知识库把文档切成小段，再把每一段变成向量，这样就能按意思搜索。',
  '今天 deploy 了新版本 v2.3.1，回滚方案写在 README 里。',
  'const answer = await search("向量 vector", { limit: 10 }) // 42',
  '🎉 Release party tonight! 🚀👩‍💻 带上你的朋友 😀',
  'ＦＵＬＬ　ＷＩＤＴＨ　１２３　ﬁne ½ ①',
  'a',
  'In the beginning there was one sentence, and then another, and each said a little more than the last. '.repeat(
    12,
  ),
  '春江潮水连海平，海上明月共潮生。滟滟随波千万里，何处春江无月明。'.repeat(10),
]

export type CanaryField = (typeof canaryFields)[number]

/** Kept with the vectors; the texts too, so that a later version compares the same ones. */
export interface CanaryRecord {
  texts: readonly string[]
  vectors: readonly Float32Array[]
  environment: Readonly<Record<CanaryField, string>>
}

/** What vectors may depend on beside the space's own fields. The system's release stands for its drivers too. */
export const environmentOf = (
  { provider, runtime, threads }: Pick<ModelEmbedder, 'provider' | 'runtime' | 'threads'>,
  { device, version }: { device: string; version: string },
): CanaryRecord['environment'] => ({
  provider,
  device,
  threads: String(threads),
  runtime,
  hardware: hardware(),
  system: `${platform()} ${release()} ${arch()}`,
  version,
})

export async function makeCanary(
  embedder: ModelEmbedder,
  options: { device: string; version: string },
  texts = canaryTexts,
): Promise<CanaryRecord> {
  const vectors = await embedder.embedDocuments([...texts])
  return { texts, vectors, environment: environmentOf(embedder, options) }
}

/** Below this the person is told. */
export const driftCosine = 0.9999

/** `worstCosine` is exactly 1 when every bit is what it was. */
export function compareCanary(kept: CanaryRecord, now: CanaryRecord): CanaryReport {
  let worstCosine = 1
  kept.vectors.forEach((vector, i) => {
    const other = now.vectors[i]
    if (!other || other.length !== vector.length) worstCosine = -1
    else worstCosine = Math.min(worstCosine, cosineOfBits(vector, other))
  })
  const fields = Object.keys(now.environment) as CanaryField[]
  return {
    worstCosine,
    changed: fields.filter(
      (field) => kept.environment[field] !== undefined && kept.environment[field] !== now.environment[field],
    ),
  }
}

export const hasDrifted = ({ worstCosine }: CanaryReport): boolean => worstCosine < driftCosine

/**
 * What is kept with vectors on their first day. `before`: what is kept with others of the space that some of them may be
 * copied from; theirs stands then, because it is of the day the vectors were made.
 */
export async function ensureCanary(
  store: { canary(): CanaryRecord | null; keepCanary(record: CanaryRecord): void },
  make: () => Promise<CanaryRecord>,
  before: readonly { canary(): CanaryRecord | null }[] = [],
): Promise<void> {
  if (store.canary()) return
  const older = before.map((one) => one.canary()).find((one) => one !== null)
  store.keepCanary(older ?? (await make()))
}
