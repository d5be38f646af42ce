/**
 * Which models a library has: what the catalogue offers, downloads with their progress, imports, removal. Speaks to the
 * network only in `download`, and counts each request.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import type { CatalogEntry, ModelSource, PoolingMode } from '../../shared/models.ts'
import type { EngineEvent, ModelInfo } from '../../shared/status.ts'
import { modelsFolder } from '../store/library/layout.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import type { Models } from './models.ts'

export interface ModelManagerOptions {
  libraryDir: string
  library: Remote<LibraryJobs>
  models: Models
  emit(event: EngineEvent): void
}

export type ModelManager = ReturnType<typeof createModelManager>

export function createModelManager({ libraryDir, library, models, emit }: ModelManagerOptions) {
  const folder = modelsFolder(libraryDir)
  let requests = 0

  async function infoOf(id: string): Promise<ModelInfo> {
    const info = (await models.list()).find((one) => one.id === id)
    if (!info) throw new AppError('model-missing', `There is no model "${id}".`, { data: { model: id } })
    return info
  }

  async function isUsed(id: string): Promise<boolean> {
    const [settings, live, building] = await Promise.all([
      library.settings(undefined),
      library.live(undefined),
      library.building(undefined),
    ])
    return [settings.rerankerModel, live?.target.modelId, building?.modelId].includes(id)
  }

  return {
    calls: {
      async catalog(): Promise<{ entries: CatalogEntry[] }> {
        return { entries: [] }
      },

      async download({ id }: { id: string; source?: ModelSource | undefined }): Promise<{ done: number }> {
        throw new AppError('not-found', `The catalogue has no model "${id}".`, { data: { model: id } })
      },

      async cancelDownload(_input: { id: string }) {
        return { done: 0 }
      },

      async discardDownload(_input: { id: string }) {
        return { done: 0 }
      },

      async remove({ id }: { id: string }) {
        const { builtIn } = await infoOf(id)
        if (builtIn) {
          throw new AppError('conflict', `${id} is built in and cannot be removed.`, { data: { model: id } })
        }
        if (await isUsed(id)) {
          throw new AppError('conflict', `${id} is in use. Choose another model first.`, {
            data: { model: id },
          })
        }
        // Out of sight in one step; what still maps the files keeps them until it lets go.
        const away = join(folder, `.removed-${randomUUID()}`)
        await rename(join(folder, id), away)
        await rm(away, { recursive: true, force: true })
        emit({ type: 'downloads-changed' })
        return { done: 1 }
      },

      async setPooling({ id }: { id: string; pooling: PoolingMode }): Promise<{ model: ModelInfo }> {
        throw new AppError('bad-request', `The pooling of ${id} cannot be chosen.`, { data: { model: id } })
      },
    },

    async importModel({ path }: { path: string }): Promise<{ model: ModelInfo }> {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      throw new AppError('unavailable', `${path} cannot be imported yet.`, { data: { path } })
    },

    outboundRequests: () => requests,
  }
}
