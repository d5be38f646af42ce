/**
 * The downloads of a library: begun, resumed, stopped and dropped by the person, with what is known of each. A stop, a
 * fault or the end of the program leaves what has come in `models/.downloads/<id>/`, and it counts as paused from then on.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, toErrorShape } from '../../shared/errors.ts'
import type { DownloadState, ModelSource } from '../../shared/models.ts'
import { doneBytes, filesOf, planDownload, readPlan, totalBytes, writePlan } from '../models/download-plan.ts'
import type { DownloadPlan } from '../models/download-plan.ts'
import { fetchFiles } from '../models/download.ts'
import type { DownloadableModel } from '../models/downloadable.ts'
import { createHub } from '../models/hub.ts'
import { createRate, type Rate } from './rate.ts'

export interface DownloadsOptions {
  modelsDir: string
  /** Makes the files of a finished download a model of the library. */
  install(model: DownloadableModel, plan: DownloadPlan, files: string): Promise<void>
  /** At most four times a second. */
  changed(): void
}

interface Download {
  state: DownloadState
  rate: Rate
  stop: AbortController
  /** Never rejects. */
  ended: Promise<void>
}

const emitEveryMs = 250

export type Downloads = ReturnType<typeof createDownloads>

export function createDownloads({ modelsDir, install, changed }: DownloadsOptions) {
  const downloads = new Map<string, Download>()
  const folderOf = (id: string) => join(modelsDir, '.downloads', id)
  let requests = 0
  let timer: NodeJS.Timeout | null = null

  function emit(): void {
    timer ??= setTimeout(() => {
      timer = null
      changed()
    }, emitEveryMs).unref()
  }

  function update(download: Download, change: Partial<DownloadState>): void {
    const came = (change.doneBytes ?? 0) - download.state.doneBytes
    if (change.doneBytes !== undefined && came > 0) download.rate.add(came)
    const state = { ...download.state, ...change }
    const perSecond = state.state === 'running' ? download.rate.perSecond() : null
    download.state = {
      ...state,
      bytesPerSecond: perSecond,
      secondsLeft: perSecond ? (state.totalBytes - state.doneBytes) / perSecond : null,
    }
    emit()
  }

  async function run(
    model: DownloadableModel,
    download: Download,
    from: { source: ModelSource; mirror: string },
  ): Promise<void> {
    const { signal } = download.stop
    const folder = folderOf(model.id)
    const hub = createHub({ ...from, onRequest: () => void requests++ })
    let plan = await readPlan(folder)
    if (plan?.repository !== model.repository) {
      await rm(folder, { recursive: true, force: true })
      plan = planDownload(model, await hub.record(model.repository, signal), hub)
      await writePlan(folder, plan)
    }
    // What came before counts as there, not as speed.
    download.state.doneBytes = await doneBytes(folder, plan)
    update(download, { totalBytes: totalBytes(plan) })
    await fetchFiles({ folder, plan, hub, signal, onProgress: (progress) => update(download, progress) })
    update(download, { state: 'checking', doneBytes: totalBytes(plan), totalBytes: totalBytes(plan) })
    await install(model, plan, filesOf(folder, plan))
    await rm(folder, { recursive: true, force: true })
  }

  async function stop(id: string): Promise<number> {
    const download = downloads.get(id)
    if (!download) return 0
    if (download.state.state === 'failed') {
      // Told and seen: from now on it is one that can be resumed.
      downloads.delete(id)
      emit()
      return 1
    }
    download.stop.abort()
    await download.ended
    return 1
  }

  return {
    /** Returns at once; 0 when it runs already. */
    start(model: DownloadableModel, from: { source: ModelSource; mirror: string }): number {
      const before = downloads.get(model.id)
      if (before && before.state.state !== 'failed') return 0
      // Says what is wrong with the settings before anything begins.
      createHub({ ...from, onRequest: () => {} })
      const download: Download = {
        state: {
          state: 'running',
          file: '',
          doneBytes: 0,
          totalBytes: model.sizeBytes,
          bytesPerSecond: null,
          secondsLeft: null,
          error: null,
        },
        rate: createRate(),
        stop: new AbortController(),
        ended: Promise.resolve(),
      }
      downloads.set(model.id, download)
      download.ended = run(model, download, from).then(
        () => {
          downloads.delete(model.id)
          emit()
        },
        (error: unknown) => {
          if (download.stop.signal.aborted) downloads.delete(model.id)
          else {
            if (!(error instanceof AppError)) console.error(error)
            update(download, { state: 'failed', error: toErrorShape(error) })
          }
          emit()
        },
      )
      emit()
      return 1
    },

    cancel: stop,

    async discard(id: string): Promise<number> {
      const running = await stop(id)
      const had = (await readPlan(folderOf(id))) !== null
      await rm(folderOf(id), { recursive: true, force: true })
      emit()
      return running > 0 || had ? 1 : 0
    },

    async stateOf(id: string): Promise<DownloadState | null> {
      const download = downloads.get(id)
      if (download) return download.state
      const folder = folderOf(id)
      const plan = await readPlan(folder)
      if (!plan) return null
      return {
        state: 'paused',
        file: plan.files.find((file) => file.wanted && !file.done)?.path ?? '',
        doneBytes: await doneBytes(folder, plan),
        totalBytes: totalBytes(plan),
        bytesPerSecond: null,
        secondsLeft: null,
        error: null,
      }
    },

    requests: () => requests,

    async close(): Promise<void> {
      if (timer) clearTimeout(timer)
      for (const download of downloads.values()) download.stop.abort()
      await Promise.all([...downloads.values()].map(({ ended }) => ended))
      if (timer) clearTimeout(timer)
    },
  }
}
