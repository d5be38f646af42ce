/**
 * Which models a library has and can have: the list with what its self-test found, the catalogue, downloads, imports,
 * removal, the person's word on pooling. Speaks to the network only for `download`.
 */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError, isDiskFull } from '../../shared/errors.ts'
import type { CatalogEntry, ModelSource, PoolingMode } from '../../shared/models.ts'
import type { EngineEvent, ModelInfo, SelfTestReport } from '../../shared/status.ts'
import type { DownloadPlan } from '../models/download-plan.ts'
import { readDownloadCatalog, warningsOf, type DownloadableModel } from '../models/downloadable.ts'
import { importModel } from '../models/import.ts'
import { loadModel } from '../models/load.ts'
import { readManifold, writeManifold, type Origin } from '../models/origin.ts'
import type { ModelOverrides } from '../models/overrides.ts'
import { problemOf } from '../models/self-test.ts'
import { modelsFolder } from '../store/library/layout.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import { createDownloads } from './downloads.ts'
import type { Models } from './models.ts'
import { overrideKey } from './self-tests.ts'

export interface ModelManagerOptions {
  libraryDir: string
  builtInDir: string
  library: Remote<LibraryJobs>
  models: Models
  selfTest(input: { id: string }): Promise<SelfTestReport>
  emit(event: EngineEvent): void
}

export type ModelManager = ReturnType<typeof createModelManager>

/** What the last self-test of a model found; kept with the library's notes. */
interface Finding {
  problem: string | null
  code: string | null
}

const findingKey = (id: string): string => `model-finding.${id}`

export function createModelManager(options: ModelManagerOptions) {
  const { libraryDir, builtInDir, library, models, selfTest, emit } = options
  const folder = modelsFolder(libraryDir)
  let catalogue: Promise<DownloadableModel[]> | null = null
  const theCatalogue = () => (catalogue ??= readDownloadCatalog(builtInDir))
  const changed = () => emit({ type: 'downloads-changed' })
  const downloads = createDownloads({ modelsDir: folder, install, changed })
  const swept = sweep()

  /** What a crash left of imports, removals and finished downloads; unfinished ones stay, they can be resumed. */
  async function sweep(): Promise<void> {
    for (const id of await readdir(join(folder, '.downloads')).catch(() => [])) {
      if (await isThere(id)) await downloads.discard(id)
    }
    for (const name of await readdir(folder).catch(() => [])) {
      if (/^\.(importing|incoming|removed)-/.test(name)) {
        await rm(join(folder, name), { recursive: true, force: true }).catch(() => {})
      }
    }
  }

  async function list(): Promise<ModelInfo[]> {
    return Promise.all(
      (await models.list()).map(async (info) => {
        if (info.problem !== null) return info
        const text = await library.note({ key: findingKey(info.id) })
        const finding = text === null ? null : (JSON.parse(text) as Finding)
        if (finding === null || finding.problem === null) return info
        if (await library.flag({ key: overrideKey(info.id) })) return info
        return { ...info, state: 'refused' as const, problem: finding.problem, problemCode: finding.code }
      }),
    )
  }

  async function infoOf(id: string): Promise<ModelInfo> {
    const info = (await list()).find((one) => one.id === id)
    if (!info) throw new AppError('model-missing', `There is no model "${id}".`, { data: { model: id } })
    return info
  }

  /** The self-test, and what it found for the list. */
  async function test(input: { id: string }): Promise<SelfTestReport> {
    const report = await selfTest(input)
    const failed = report.checks.find((check) => !check.ok)
    await note(input.id, { problem: failed?.detail ?? null, code: failed ? problemOf(failed.name) : null })
    return report
  }

  async function note(id: string, finding: Finding): Promise<void> {
    await library.setNote({ key: findingKey(id), value: JSON.stringify(finding) })
    changed()
  }

  async function entryOf(id: string): Promise<DownloadableModel> {
    const entry = (await theCatalogue()).find((one) => one.id === id)
    if (!entry) {
      throw new AppError('not-found', `The catalogue has no model "${id}".`, { data: { model: id } })
    }
    return entry
  }

  const isThere = async (id: string): Promise<boolean> =>
    (await stat(join(folder, id)).catch(() => null)) !== null

  async function install(entry: DownloadableModel, plan: DownloadPlan, files: string): Promise<void> {
    const { graph } = plan
    const { id, name, task, type, languages, licence, maxTokens, pooling, prompts, load } = entry
    const said: ModelOverrides = { name, task, type, languages, licence, maxTokens, graph, ...load }
    const own = await ownWord(files, said)
    if (pooling.length > 0 && own.pooling.length === 0) said.pooling = pooling
    if (own.prompts.query === '' && own.prompts.document === '') said.prompts = prompts
    const origin: Origin = {
      kind: 'download',
      repository: plan.repository,
      revision: plan.revision,
      source: plan.host,
      at: new Date().toISOString(),
      files: plan.files.flatMap(({ path, sizeBytes, sha256, done }) =>
        done && sha256 !== null ? [{ path, sizeBytes, sha256 }] : [],
      ),
      warnings: warningsOf(entry),
    }
    await writeManifold(files, { ...said, origin })
    await loadModel(files, { builtInDir: null })
    if (await isThere(id)) throw taken(id)
    await rename(files, join(folder, id))
    // Whatever happens to the test, the model is there, and the list says what is known of it.
    await test({ id }).catch((error: unknown) => note(id, { problem: String(error), code: 'opens' }))
  }

  /** What the folder's own files say goes before the catalogue. */
  async function ownWord(files: string, overrides: ModelOverrides) {
    await rm(join(files, 'manifold.json'), { force: true })
    try {
      return await loadModel(files, { builtInDir: null, overrides })
    } catch (error) {
      if (!(error instanceof AppError) || error.data.problem !== 'pooling-unknown') throw error
      return { pooling: [], prompts: { query: '', document: '' } }
    }
  }

  async function takeIn(path: string, name: string | undefined, signal?: AbortSignal) {
    await swept
    const ids = new Set((await models.list()).map(({ id }) => id))
    const id = await importModel({
      path,
      modelsDir: folder,
      taken: ids,
      ...(name === undefined ? {} : { name }),
      ...(signal ? { signal } : {}),
    })
    await models.forget(id)
    await test({ id })
    return { model: await infoOf(id) }
  }

  /** Indexes that stand on it: the live one, one being built, the former. */
  const standingOn = async (id: string) =>
    (await library.standing(undefined)).filter((target) => target.modelId === id)

  return {
    list,
    test,

    calls: {
      async catalog(): Promise<{ entries: CatalogEntry[] }> {
        const entries = await Promise.all(
          (await theCatalogue()).map(async (entry) => {
            const { graphs, data, files, optional, load: _load, known, note: _note, ...shown } = entry
            return {
              ...shown,
              files: [graphs[0]!, ...data, ...files, ...optional],
              verified: known,
              warnings: warningsOf(entry),
              installed: await isThere(entry.id),
              download: await downloads.stateOf(entry.id),
            }
          }),
        )
        return { entries }
      },

      async download({ id, source }: { id: string; source?: ModelSource | undefined }) {
        const entry = await entryOf(id)
        if (await isThere(id)) throw taken(id)
        const { modelSource, modelMirror } = await library.settings(undefined)
        await mkdir(folder, { recursive: true, mode: 0o700 })
        return { done: downloads.start(entry, { source: source ?? modelSource, mirror: modelMirror }) }
      },

      cancelDownload: async ({ id }: { id: string }) => ({ done: await downloads.cancel(id) }),

      async discardDownload({ id }: { id: string }) {
        await entryOf(id)
        return { done: await downloads.discard(id) }
      },

      async remove({ id }: { id: string }) {
        const { removable } = await infoOf(id)
        if (!removable) {
          throw new AppError('conflict', `${id} is built in and cannot be removed.`, {
            data: { model: id, problem: 'built-in' },
          })
        }
        const { rerankerModel } = await library.settings(undefined)
        if (rerankerModel === id) throw inUse(id)
        const standing = await standingOn(id)
        // Those indexes go on with the files the library keeps for them; what is open of the model stays open.
        for (const target of standing) if (!(await models.pin(target))) throw inUse(id)
        if (standing.length === 0) await models.forget(id)
        await moveAway(id)
        await note(id, { problem: null, code: null })
        return { done: 1 }
      },

      async setPooling({ id, pooling }: { id: string; pooling: PoolingMode }) {
        const info = await infoOf(id)
        const path = join(folder, id)
        const before = await readManifold(path)
        if (
          info.builtIn ||
          info.task !== 'embedding' ||
          !(info.poolingUnknown || before.poolingChosen === true)
        ) {
          throw new AppError('bad-request', `The files of ${id} say themselves how it pools.`, {
            data: { model: id },
          })
        }
        if ((await standingOn(id)).length > 0) throw inUse(id)
        await writeManifold(path, { ...before, pooling: [pooling], poolingChosen: true })
        await models.forget(id)
        const report = await test({ id })
        const failed = report.checks.find((check) => !check.ok)
        if (failed && !report.overridden) {
          await writeManifold(path, before)
          await models.forget(id)
          await test({ id })
          throw new AppError(
            'model-invalid',
            `With ${pooling} pooling ${id} fails its self-test: ${failed.detail}`,
            {
              data: { model: id, problem: failed.name, pooling },
            },
          )
        }
        return { model: await infoOf(id) }
      },
    },

    importModel: ({ path }: { path: string }) => takeIn(path, undefined),

    /** A zip from the window: kept only as long as it takes to unpack. */
    async receive({
      name,
      body,
      signal,
    }: {
      name: string
      body: ReadableStream<Uint8Array>
      signal: AbortSignal
    }): Promise<{ model: ModelInfo }> {
      await swept
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const path = join(folder, `.incoming-${randomUUID()}.zip`)
      try {
        await pipeline(
          Readable.fromWeb(body as never),
          createWriteStream(path, { flags: 'wx', mode: 0o600 }),
          {
            signal,
          },
        )
        return await takeIn(path, name.split('/').at(-1)!, signal)
      } catch (error) {
        if (error instanceof AppError || !isDiskFull(error)) throw error
        throw new AppError('disk-full', 'The disk is full. Nothing was imported.', { cause: error })
      } finally {
        await rm(path, { force: true })
      }
    },

    outboundRequests: () => downloads.requests(),
    close: () => downloads.close(),
  }

  /** Out of sight in one step; what still maps the files keeps them until it lets go. */
  async function moveAway(id: string): Promise<void> {
    const away = join(folder, `.removed-${randomUUID()}`)
    try {
      await rename(join(folder, id), away)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EBUSY' || code === 'EPERM' || code === 'EACCES') throw inUse(id)
      throw error
    }
    // Where the system holds a file that is open, the next start sweeps it.
    await rm(away, { recursive: true, force: true }).catch(() => {})
  }
}

const taken = (id: string): AppError =>
  new AppError('conflict', `There is a model "${id}" already. Remove it first.`, {
    data: { model: id, problem: 'taken' },
  })

const inUse = (id: string): AppError =>
  new AppError('conflict', `${id} is in use. Choose another model first.`, {
    data: { model: id, problem: 'in-use' },
  })
