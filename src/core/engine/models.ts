/** The models of one process: found, opened once, shared by all who ask. Files are hashed once for all. */
import { join } from 'node:path'
import type { DeviceId, DeviceTest } from '../../shared/devices.ts'
import { AppError } from '../../shared/errors.ts'
import type { ModelInfo } from '../../shared/status.ts'
import { createEmbedder, testEmbedder, type ModelEmbedder } from '../embed/embedder.ts'
import type { Host } from '../host.ts'
import { createModelCatalog } from '../models/catalog.ts'
import {
  createDeviceGate,
  memoryNotes,
  type Choice,
  type DeviceGate,
  type DeviceNotes,
} from '../models/device-gate.ts'
import { startInference, type Inference } from '../models/inference.ts'
import { memoryRecords, type SelfTestRecords } from '../models/records.ts'
import type { SelfTest } from '../models/self-test.ts'
import { loadTokenizer, type Model } from '../models/load.ts'
import { compareSpaces, createFileHashes, spaceOf, type SpaceFields } from '../models/space.ts'
import { createReranker, rerankerSignature, testReranker, type ModelReranker } from '../rerank/reranker.ts'
import { modelsFolder } from '../store/library/layout.ts'
import type { Target } from '../store/library/rows.ts'
import type { Limit } from '../chunk/types.ts'
import { createPins } from './pins.ts'
import { createProbe, probeLimitMs } from './probe.ts'

/** Semantic chunking always measures with this one, so that its cuts do not change with the model. */
export const builtInEmbeddingId = 'manifold-static-256'

/** Every status asks whether the former's model is there; the folder is looked at so often. */
const usableMs = 5_000

export interface RunOptions {
  /** As in Settings. */
  threads: number
  device: DeviceId
  /** False: a device that was never tried with this model is tried beside, and the CPU answers meanwhile; see `onDeviceFound`. */
  patient?: boolean
  /** An index stands on it: it was tested when that was made, and a stricter test must not take its search away [DA4]. */
  established?: boolean
}

/** What an index must know of a model before it is opened. */
export interface EmbeddingFacts {
  space: string
  spaceFields: SpaceFields & Record<string, unknown>
  dimensions: number
  maxTokens: number
  languages: string[]
}

/** The model an index was made with. */
export type SpaceOwner = Pick<Target, 'modelId' | 'space' | 'spaceFields'>

export interface Models {
  list(): Promise<ModelInfo[]>
  facts(id: string): Promise<EmbeddingFacts>
  checkReranker(id: string): Promise<void>
  embedder(id: string, options: RunOptions): Promise<ModelEmbedder>
  /**
   * The embedder of an index's own space: the listed model where its files are still those, else the pinned one. Throws
   * 'space-mismatch', naming the fields that differ, or why there is no such model [MO1].
   */
  embedderOf(owner: SpaceOwner, options: RunOptions): Promise<ModelEmbedder>
  /** How long a chunk that model takes, without opening its graph. */
  limitOf(owner: SpaceOwner): Promise<Limit>
  /** Keeps the files of an index's model in the library; false when they are not to be had. Throws 'disk-full'. */
  pin(owner: SpaceOwner): Promise<boolean>
  /** Whether the model of an index is still to be had, listed or pinned. */
  isUsable(owner: SpaceOwner): Promise<boolean>
  /** Lets go of the files of all other spaces; answers the bytes that were freed. */
  unpinOthers(spaces: readonly string[]): Promise<number>
  builtInEmbedder(options: Pick<RunOptions, 'threads'>): Promise<ModelEmbedder>
  reranker(id: string, options: RunOptions): Promise<ModelReranker>
  /** The self-test made afresh. Throws 'model-missing' or 'model-invalid' when there is nothing to test. */
  test(id: string, options: RunOptions): Promise<SelfTest>
  /** The model's files are others from now on, or gone: what was opened of them is not handed out again. */
  forget(id: string): Promise<void>
  /** Tries a device with a listed model or an index's own; a crash of its driver is an answer. */
  testDevice(model: string | SpaceOwner, options: RunOptions): Promise<DeviceTest>
  readonly devices: Pick<DeviceGate, 'list' | 'chosen' | 'diedAtWork' | 'workDone' | 'settled'>
  /** Unloads a model nobody needs any more. */
  release(model: ModelEmbedder | ModelReranker): Promise<void>
  close(): Promise<void>
}

export function createModels({
  host,
  libraryDir,
  records = memoryRecords(),
  notes = memoryNotes(),
  onDeviceFound,
}: {
  host: Host
  libraryDir: string | null
  records?: SelfTestRecords
  /** Where what is known of devices is remembered. */
  notes?: DeviceNotes
  /** A device that was tried beside can be chosen now, or cannot. */
  onDeviceFound?: () => void
}): Models {
  const catalog = createModelCatalog({
    builtInDir: host.resources.models,
    localDir: libraryDir === null ? null : join(modelsFolder(libraryDir)),
  })
  const hashes = createFileHashes()
  let inference: Inference | null = null
  const embedders = new Map<string, Promise<ModelEmbedder>>()
  const rerankers = new Map<string, Promise<ModelReranker>>()

  const probe = createProbe(host)
  const gate = createDeviceGate({ notes, probe: probe.run, probeLimitMs, onFound: onDeviceFound })

  /** One thread a process, because ONNX Runtime is loaded once; how many threads a run uses is fixed when it starts. */
  function theInference(threads: number): Inference {
    inference ??= startInference(host, { threads })
    return inference
  }

  const signatureOf = async (model: Model): Promise<string> =>
    model.task === 'embedding' ? (await spaceOf(model, hashes)).space : rerankerSignature(model, hashes)

  const deviceFor = async (model: Model, { threads, device, patient = true }: RunOptions): Promise<Choice> =>
    device === 'cpu'
      ? { device, fallback: null }
      : gate.choose({ model, signature: await signatureOf(model), threads, device }, { patient })

  function once<T>(opened: Map<string, Promise<T>>, key: string, open: () => Promise<T>): Promise<T> {
    let one = opened.get(key)
    if (!one) {
      one = open()
      opened.set(key, one)
      one.catch(() => opened.delete(key))
    }
    return one
  }

  const pins = libraryDir === null ? null : createPins({ libraryDir, builtInDir: host.resources.models })
  const limits = new Map<string, Promise<Limit>>()
  let usable: { space: string; at: number; value: boolean } | null = null

  /** By space: two names of one model, or its listed and its pinned files, are one embedder. */
  async function open(model: Model, options: RunOptions): Promise<ModelEmbedder> {
    const { threads, established = false } = options
    const key = model.task === 'embedding' ? (await spaceOf(model, hashes)).space : model.id
    const choice = await deviceFor(model, options)
    return once(embedders, `${key} ${threads} ${keyOf(choice)} ${established}`, () =>
      gate.opening(choice.device, () =>
        createEmbedder({
          inference: theInference(threads),
          model,
          ...choice,
          hashes,
          records: established ? { ...records, overridden: async () => true } : records,
        }),
      ),
    )
  }

  const embedder = async (id: string, options: RunOptions) => open(await catalog.resolveModel(id), options)

  /** The listed model if its files are those of the space. */
  async function listed({ modelId, space, spaceFields }: SpaceOwner): Promise<Model> {
    const model = await catalog.resolveModel(modelId)
    const found = await spaceOf(model, hashes)
    if (found.space === space) return model
    const fields = compareSpaces(spaceFields as unknown as SpaceFields, found.fields).join(', ')
    throw new AppError(
      'space-mismatch',
      `the files of ${modelId} are not those this index was made with: ${fields} differ`,
      { data: { model: modelId, fields } },
    )
  }

  async function modelOf(owner: SpaceOwner): Promise<Model> {
    try {
      return await listed(owner)
    } catch (refusal) {
      if (!(refusal instanceof AppError)) throw refusal
      const pinned = await pins?.load(owner.modelId, owner.space)
      if (pinned && (await spaceOf(pinned, hashes)).space === owner.space) return pinned
      throw refusal
    }
  }

  return {
    async list() {
      const [models, pinned] = await Promise.all([catalog.list(), pins?.modelIds()])
      return models.map((model) => ({ ...model, pinned: pinned?.has(model.id) ?? false }))
    },

    async facts(id) {
      const model = await catalog.resolveModel(id)
      if (model.task !== 'embedding') {
        throw new AppError('model-invalid', `${id} is a reranker, not an embedding model`, {
          data: { model: id },
        })
      }
      const { space, fields } = await spaceOf(model, hashes)
      return {
        space,
        spaceFields: { ...fields },
        dimensions: fields.dimensions,
        maxTokens: model.maxTokens,
        languages: model.languages,
      }
    },

    async checkReranker(id) {
      const model = await catalog.resolveModel(id)
      if (model.task !== 'reranker') {
        throw new AppError('model-invalid', `${id} is an embedding model, not a reranker`, {
          data: { model: id },
        })
      }
    },

    embedder,
    embedderOf: async (owner, options) => open(await modelOf(owner), options),
    limitOf: (owner) =>
      once(limits, owner.space, async () => {
        const model = await modelOf(owner)
        const tokenizer = await loadTokenizer(model)
        const { maxTokens, prompts } = model
        return { maxTokens, countTokens: (input) => tokenizer.count(prompts.document + input) }
      }),

    async pin(owner) {
      if (!pins || (await pins.has(owner.space))) return pins !== null
      try {
        await pins.keep(await listed(owner), owner.space)
        return true
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'disk-full') throw error
        return false
      }
    },
    async isUsable(owner) {
      if (usable?.space !== owner.space || Date.now() - usable.at > usableMs) {
        const value = await modelOf(owner).then(
          () => true,
          () => false,
        )
        usable = { space: owner.space, at: Date.now(), value }
      }
      return usable.value
    },
    unpinOthers: async (spaces) => (await pins?.dropOthers(spaces)) ?? 0,

    builtInEmbedder: ({ threads }) =>
      embedder(builtInEmbeddingId, { threads, device: 'cpu', established: true }),

    async reranker(id, options) {
      const model = await catalog.resolveModel(id)
      const choice = await deviceFor(model, options)
      const { threads } = options
      return once(rerankers, `${id} ${threads} ${keyOf(choice)}`, () =>
        gate.opening(choice.device, () =>
          createReranker({ inference: theInference(threads), model, ...choice, hashes, records }),
        ),
      )
    },

    async test(id, options) {
      const model = await catalog.resolveModel(id)
      const { device } = await deviceFor(model, options)
      const tested = { inference: theInference(options.threads), model, device, hashes, records }
      return gate.opening(device, () =>
        model.task === 'reranker' ? testReranker(tested) : testEmbedder(tested),
      )
    },

    async testDevice(one, { threads, device }) {
      const model = await (typeof one === 'string' ? catalog.resolveModel(one) : modelOf(one))
      return gate.test({ model, signature: await signatureOf(model), threads, device })
    },
    devices: gate,

    async forget(id) {
      for (const opened of [embedders, rerankers] as Map<string, Promise<ModelEmbedder | ModelReranker>>[]) {
        for (const [key, one] of opened) {
          const model = await one.catch(() => null)
          if (model?.modelId !== id) continue
          opened.delete(key)
          await model.close().catch(() => {})
        }
      }
    },

    async release(model) {
      for (const opened of [embedders, rerankers] as Map<string, Promise<ModelEmbedder | ModelReranker>>[]) {
        for (const [key, one] of opened) {
          if ((await one.catch(() => null)) === model) opened.delete(key)
        }
      }
      await model.close()
    },

    async close() {
      probe.close()
      await gate.settled()
      await inference?.close()
    },
  }
}

const keyOf = ({ device, fallback }: Choice): string => `${device} ${fallback?.reason ?? ''}`
