/** The models of one process: found, opened once, shared by all who ask. Files are hashed once for all. */
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import type { ModelInfo } from '../../shared/status.ts'
import { createEmbedder, testEmbedder, type ModelEmbedder } from '../embed/embedder.ts'
import type { Host } from '../host.ts'
import { createModelCatalog } from '../models/catalog.ts'
import { startInference, type Inference } from '../models/inference.ts'
import { memoryRecords, type SelfTestRecords } from '../models/records.ts'
import type { SelfTest } from '../models/self-test.ts'
import { createFileHashes, spaceOf, type SpaceFields } from '../models/space.ts'
import { createReranker, testReranker } from '../rerank/reranker.ts'
import type { Reranker } from '../rerank/types.ts'
import { modelsFolder } from '../store/library/layout.ts'

/** Semantic chunking always measures with this one, so that its cuts do not change with the model. */
export const builtInEmbeddingId = 'manifold-static-256'

export interface RunOptions {
  /** As in Settings. */
  threads: number
  device: string
  /** An index stands on it: it was tested when that was made, and a stricter test must not take its search away [DA4]. */
  established?: boolean
}

/** What an index must know of a model before it is opened. */
export interface EmbeddingFacts {
  space: string
  spaceFields: SpaceFields & Record<string, unknown>
  dimensions: number
  maxTokens: number
  tokenizerHash: string
  documentPrompt: string
}

export interface Models {
  list(): Promise<ModelInfo[]>
  facts(id: string): Promise<EmbeddingFacts>
  checkReranker(id: string): Promise<void>
  embedder(id: string, options: RunOptions): Promise<ModelEmbedder>
  builtInEmbedder(options: Pick<RunOptions, 'threads'>): Promise<ModelEmbedder>
  reranker(id: string, options: RunOptions): Promise<Reranker>
  /** The self-test made afresh. Throws 'model-missing' or 'model-invalid' when there is nothing to test. */
  test(id: string, options: RunOptions): Promise<SelfTest>
  /** The model's files are others from now on, or gone: what was opened of them is not handed out again. */
  forget(id: string): Promise<void>
  /** Unloads an embedder nobody needs any more. */
  release(embedder: ModelEmbedder): Promise<void>
  close(): Promise<void>
}

export function createModels({
  host,
  libraryDir,
  records = memoryRecords(),
}: {
  host: Host
  libraryDir: string | null
  records?: SelfTestRecords
}): Models {
  const catalog = createModelCatalog({
    builtInDir: host.resources.models,
    localDir: libraryDir === null ? null : join(modelsFolder(libraryDir)),
  })
  const hashes = createFileHashes()
  let inference: Inference | null = null
  const embedders = new Map<string, Promise<ModelEmbedder>>()
  const rerankers = new Map<string, Promise<Reranker>>()

  /** One thread a process, because ONNX Runtime is loaded once; how many threads a run uses is fixed when it starts. */
  function theInference(threads: number): Inference {
    inference ??= startInference(host, { threads })
    return inference
  }

  function once<T>(opened: Map<string, Promise<T>>, key: string, open: () => Promise<T>): Promise<T> {
    let one = opened.get(key)
    if (!one) {
      one = open()
      opened.set(key, one)
      one.catch(() => opened.delete(key))
    }
    return one
  }

  const embedder = (id: string, { threads, device, established = false }: RunOptions) =>
    once(embedders, `${id} ${threads} ${device} ${established}`, async () =>
      createEmbedder({
        inference: theInference(threads),
        model: await catalog.resolveModel(id),
        device,
        hashes,
        records: established ? { ...records, overridden: async () => true } : records,
      }),
    )

  return {
    list: () => catalog.list(),

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
        tokenizerHash: fields.tokenizer.join(' '),
        documentPrompt: fields.prompts.document,
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
    builtInEmbedder: ({ threads }) =>
      embedder(builtInEmbeddingId, { threads, device: 'cpu', established: true }),

    reranker: (id, { threads, device }) =>
      once(rerankers, `${id} ${threads} ${device}`, async () =>
        createReranker({
          inference: theInference(threads),
          model: await catalog.resolveModel(id),
          device,
          hashes,
          records,
        }),
      ),

    async test(id, { threads, device }) {
      const model = await catalog.resolveModel(id)
      const options = { inference: theInference(threads), model, device, hashes, records }
      return model.task === 'reranker' ? testReranker(options) : testEmbedder(options)
    },

    async forget(id) {
      for (const opened of [embedders, rerankers]) {
        for (const [key, one] of opened) {
          if (!key.startsWith(`${id} `)) continue
          opened.delete(key)
          await one.then((model) => model.close()).catch(() => {})
        }
      }
    },

    async release(embedder) {
      for (const [key, opened] of embedders) {
        if ((await opened.catch(() => null)) === embedder) embedders.delete(key)
      }
      await embedder.close()
    },

    async close() {
      await inference?.close()
    },
  }
}
