/**
 * The caller's end of the inference thread; one a process. Models are opened by key and opened again, unasked, after
 * the thread died and was replaced.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from '../host.ts'
import { startThread, type Thread } from '../threads/thread.ts'
import type { Provider } from './device-list.ts'
import type { InferenceJobs, OpenedModel, OpenModel, RunRows } from './jobs.ts'
import type { Model } from './load.ts'
import type { GraphSpec } from './session.ts'
import type { Tokenizer } from './tokenizer.ts'

/** How the thread is to open a model's graph. */
export const graphSpecOf = (
  model: Model,
  tokenizer: Pick<Tokenizer, 'padId' | 'paddingSide'>,
  { threads, device, profile }: { threads: number; device: Provider; profile?: string | undefined },
): GraphSpec => ({
  graph: model.graphFile,
  externalData: model.externalData,
  threads,
  device,
  profile,
  padId: tokenizer.padId,
  paddingSide: paddingSideOf(model, tokenizer),
  twoTypes: model.twoTypes,
  tasks: model.tasks !== null,
})

export const paddingSideOf = (
  model: Pick<Model, 'paddingSide'>,
  tokenizer: Pick<Tokenizer, 'paddingSide'>,
): 'left' | 'right' => model.paddingSide ?? tokenizer.paddingSide

/** One slice takes a tenth of this on a slow machine. */
const closeLimitMs = 5_000

export interface Inference {
  /** Threads a run uses. */
  readonly threads: number
  open(model: OpenModel): Promise<OpenInference>
  close(): Promise<void>
}

/** A model that is open in the thread. */
export interface OpenInference {
  readonly opened: OpenedModel
  embed(rows: Omit<RunRows, 'key'>, signal?: AbortSignal): Promise<Float32Array>
  score(rows: Omit<RunRows, 'key'>, signal?: AbortSignal): Promise<Float32Array>
  /** Nodes run per provider since it was opened with `profile`; no more are counted. */
  endProfile(): Promise<Record<string, number>>
  close(): Promise<void>
}

/** `threads` as in Settings: 0 means half the cores, at least one. */
export function startInference(
  host: Pick<Host, 'spawnThread'>,
  { threads = 0 }: { threads?: number } = {},
): Inference {
  let generation = 0
  const thread: Thread<InferenceJobs> = startThread<InferenceJobs>(
    host as Host,
    'inference',
    null,
    () => void generation++,
  )
  // Two users of one model share its session; the last one to leave closes it.
  const users = new Map<string, number>()

  return {
    threads: threads > 0 ? threads : Math.max(1, Math.floor(availableParallelism() / 2)),

    async open(model) {
      const opened = await thread.call.open(model)
      users.set(model.key, (users.get(model.key) ?? 0) + 1)
      let openedIn = generation
      let closed = false
      const ready = async (): Promise<void> => {
        while (openedIn !== generation) {
          const now = generation
          await thread.call.open(model)
          openedIn = now
        }
      }
      const buffers = (rows: Omit<RunRows, 'key'>): ArrayBuffer[] =>
        [rows.ids, rows.lengths, rows.types].flatMap((one) => (one ? [one.buffer as ArrayBuffer] : []))
      return {
        opened,
        async embed(rows, signal) {
          if (openedIn !== generation) await ready()
          return (await thread.call.embed(
            { ...rows, key: model.key },
            { signal, transfer: buffers(rows) },
          )) as unknown as Float32Array
        },
        async score(rows, signal) {
          if (openedIn !== generation) await ready()
          return (await thread.call.score(
            { ...rows, key: model.key },
            { signal, transfer: buffers(rows) },
          )) as unknown as Float32Array
        },
        endProfile: () => thread.call.endProfile({ key: model.key }),
        async close() {
          if (closed) return
          closed = true
          const left = (users.get(model.key) ?? 1) - 1
          users.set(model.key, left)
          if (left === 0) await thread.call.close({ key: model.key })
        },
      }
    },

    async close() {
      const idle = thread.call.stop(undefined).catch(() => {})
      await Promise.race([idle, sleep(closeLimitMs, undefined, { ref: false })])
      await thread.close()
    },
  }
}
