/** Which models there are: built in, and in the library's own models folder. An id is a folder's name. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import type { ModelInfo } from '../../shared/status.ts'
import { readsChinese } from './downloadable.ts'
import { loadModel, type Model } from './load.ts'
import { graphOutputs } from './onnx-file.ts'
import { readOrigin } from './origin.ts'

export interface ModelCatalog {
  /** Every folder, the unusable ones with their problem. Built-in ones first, then by id. */
  list(): Promise<ModelInfo[]>
  /** Throws 'model-missing' or 'model-invalid'. A library's own model hides a built-in one of the same id. */
  resolveModel(id: string): Promise<Model>
}

const idPattern = /^[a-z0-9][\w.-]{0,199}$/i

/** `localDir`: the library's models folder; need not exist. */
export function createModelCatalog({
  builtInDir,
  localDir,
}: {
  builtInDir: string
  localDir: string | null
}): ModelCatalog {
  const dirs = [localDir, builtInDir].filter((dir) => dir !== null)

  async function resolveModel(id: string): Promise<Model> {
    if (idPattern.test(id)) {
      for (const dir of dirs) {
        try {
          return await loadModel(join(dir, id), { builtInDir })
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'model-missing') throw error
        }
      }
    }
    throw new AppError('model-missing', `there is no model "${id}"`, { data: { model: id } })
  }

  return {
    resolveModel,
    async list() {
      const ids = new Map<string, boolean>()
      for (const dir of [builtInDir, localDir].filter((one) => one !== null)) {
        const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
        for (const entry of entries) {
          if (entry.isDirectory() && idPattern.test(entry.name))
            ids.set(entry.name, dir === builtInDir && !ids.has(entry.name))
        }
      }
      const infos = await Promise.all(
        [...ids].map(async ([id, builtIn]) => {
          try {
            return await infoOf(await resolveModel(id))
          } catch (error) {
            if (!(error instanceof AppError)) throw error
            return broken(id, builtIn, error)
          }
        }),
      )
      return infos.sort((a, b) => Number(b.builtIn) - Number(a.builtIn) || (a.id < b.id ? -1 : 1))
    },
  }
}

async function infoOf(model: Model): Promise<ModelInfo> {
  const origin = await readOrigin(model.folder)
  const poolingUnknown =
    model.task === 'embedding' && model.pooling.length === 0 && !(await givesVectors(model.graphFile))
  return {
    id: model.id,
    name: model.name,
    task: model.task,
    type: model.type,
    builtIn: model.builtIn,
    dimensions: model.dimensions,
    maxTokens: model.maxTokens,
    languages: model.languages,
    licence: model.licence,
    sizeBytes: model.sizeBytes,
    calibrated: model.calibration !== null,
    state: poolingUnknown ? 'refused' : 'ready',
    problem: poolingUnknown ? 'nothing says how this model pools its token vectors into one' : null,
    problemCode: poolingUnknown ? 'pooling-unknown' : null,
    problemData: {},
    poolingUnknown,
    removable: !model.builtIn,
    pinned: false,
    warnings: origin?.warnings ?? (readsChinese(model.languages) ? [] : ['english-only']),
  }
}

/** Whether the graph pools by itself; how it is opened says the same (jobs.ts). */
async function givesVectors(graphFile: string): Promise<boolean> {
  const outputs = await graphOutputs(graphFile)
  return (
    outputs.some(({ name, rank }) => name === 'sentence_embedding' && rank === 2) ||
    (!outputs.some(({ rank }) => rank === 3) && outputs.some(({ rank }) => rank === 2))
  )
}

const broken = (id: string, builtIn: boolean, { message, data }: AppError): ModelInfo => ({
  id,
  name: id,
  task: 'embedding',
  type: 'unknown',
  builtIn,
  dimensions: null,
  maxTokens: 0,
  languages: [],
  licence: '',
  sizeBytes: 0,
  calibrated: false,
  state: 'refused',
  problem: message,
  problemCode: String(data.problem ?? 'unknown'),
  problemData: data,
  poolingUnknown: data.problem === 'pooling-unknown',
  removable: !builtIn,
  pinned: false,
  warnings: [],
})
