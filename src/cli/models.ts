import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../shared/errors.ts'
import type { CatalogEntry, DownloadState, ModelSource } from '../shared/models.ts'
import type { ModelInfo } from '../shared/status.ts'
import type { Context } from './main.ts'
import { connect, type Connection } from './connect.ts'
import { bytes, createProgressLine, duration, line, printJson } from './print.ts'
import { buildAndSwitch } from './reindex.ts'
import { warningText } from './words.ts'

/** `manifold models list`; with `available`, what the catalogue offers besides. */
export async function listModels(context: Context, { available = false } = {}): Promise<void> {
  await connected(context, async ({ client }) => {
    const [{ models }, { live }, { entries }] = await Promise.all([
      client.models.list({}),
      client.system.status({}),
      available ? client.models.catalog({}) : { entries: [] },
    ])
    if (context.json) return printJson({ models, live, ...(available ? { available: entries } : {}) })
    for (const model of models) {
      const used = model.id === live.embeddingModel || model.id === live.rerankerModel ? '*' : ' '
      line(`${used} ${model.id.padEnd(28)} ${model.problem ?? facts(context, model)}`)
    }
    for (const entry of entries.filter(({ installed }) => !installed)) {
      const state = entry.download ? `${downloadText(entry.download)}; ` : ''
      line(`+ ${entry.id.padEnd(28)} ${state}${facts(context, entry)}`)
    }
  })
}

function facts(context: Context, model: ModelInfo | CatalogEntry): string {
  return [
    model.type,
    model.dimensions === null ? null : `${model.dimensions} dimensions`,
    bytes(model.sizeBytes),
    model.licence,
    ...model.warnings.map((warning) => warningText(warning, context.language)),
  ]
    .filter((fact) => fact !== null && fact !== '')
    .join(', ')
}

/** `manifold models source`: whom downloads ask; says it, or changes it. */
export async function modelSource(
  context: Context,
  source: ModelSource | undefined,
  { mirror }: { mirror?: string },
): Promise<void> {
  await connected(context, async ({ client }) => {
    if (source !== undefined || mirror !== undefined) {
      await client.settings.update({
        ...(source === undefined ? {} : { modelSource: source }),
        ...(mirror === undefined ? {} : { modelMirror: mirror }),
      })
    }
    const { modelSource, modelMirror } = await client.settings.get({})
    if (context.json) return printJson({ modelSource, modelMirror })
    line(
      modelSource === 'custom'
        ? `${modelSource} ${modelMirror || '(no address yet: --mirror)'}`
        : modelSource,
    )
  })
}

/** `manifold models import`: tested before it is listed; exit 1 when the self-test refuses it. */
export async function importModel(context: Context, path: string): Promise<void> {
  await connected(context, async ({ client }) => {
    // The engine may run elsewhere, so the path is made whole here.
    const { model } = await client.local.importModel({ path: resolve(path) }, { signal: context.signal })
    told(context, model)
  })
}

/** `manifold models download`: waits, with progress on stderr. Ctrl-C stops it; the same command goes on later. */
export async function downloadModel(
  context: Context,
  id: string,
  { source }: { source?: ModelSource },
): Promise<void> {
  await connected(context, async ({ client }) => {
    await client.models.download({ id, ...(source === undefined ? {} : { source }) })
    const progress = createProgressLine()
    try {
      for (;;) {
        const { entries } = await client.models.catalog({})
        const entry = entries.find((one) => one.id === id)!
        const { download } = entry
        if (context.signal.aborted) {
          await client.models.cancelDownload({ id })
          throw new AppError('cancelled', `Stopped. Go on with: manifold models download ${id}`)
        }
        if (download?.state === 'failed' && download.error) {
          const { code, message, data } = download.error
          throw new AppError(code, message, { data })
        }
        if (download === null && entry.installed) break
        if (download === null || download.state === 'paused') {
          throw new AppError('cancelled', `The download was stopped elsewhere.`)
        }
        progress.show(downloadText(download))
        await sleep(300, undefined, { signal: context.signal }).catch(() => {})
      }
    } finally {
      progress.end()
    }
    const { models } = await client.models.list({})
    told(
      context,
      models.find((model) => model.id === id)!,
    )
  })
}

function downloadText(download: DownloadState): string {
  const { state, file, doneBytes, totalBytes, bytesPerSecond, secondsLeft } = download
  const rate = bytesPerSecond === null ? '' : `, ${bytes(bytesPerSecond)} a second`
  const left = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`
  const doing = state === 'running' ? file : state
  return `${doing} ${bytes(doneBytes)} of ${bytes(totalBytes)}${rate}${left}`
}

/** `manifold models remove`. */
export async function removeModel(context: Context, id: string): Promise<void> {
  await connected(context, async ({ client }) => {
    await client.models.remove({ id })
    if (context.json) return printJson({ removed: id })
    line(`removed ${id}`)
  })
}

/** `manifold models test`: exit 1 when a check fails. `useAnyway` trusts the model all the same. */
export async function testModel(
  context: Context,
  id: string,
  { useAnyway }: { useAnyway?: boolean },
): Promise<void> {
  await connected(context, async ({ client }) => {
    if (useAnyway !== undefined) await client.models.override({ id, on: useAnyway })
    const report = await client.models.test({ id }, { signal: context.signal })
    if (!report.ok && !report.overridden) process.exitCode = 1
    if (context.json) return printJson(report)
    for (const { name, ok, figure, detail } of report.checks) {
      line(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${detail}${figure === null ? '' : ` (${figure})`}`)
    }
    if (report.overridden) line('used all the same')
  })
}

/** `manifold models use`: a reranker at once, an embedding model when its index is built. */
export async function useModel(context: Context, id: string, { wait }: { wait: boolean }): Promise<void> {
  await connected(context, async (connection) => {
    const { client } = connection
    const { models } = await client.models.list({})
    const model = models.find((one) => one.id === id)
    if (!model) throw new AppError('model-missing', `There is no model ${id}. See: manifold models list`)
    const patch = model.task === 'embedding' ? { embeddingModel: id } : { rerankerModel: id }
    const { reindexStarted } = await client.settings.update(patch)
    if (reindexStarted && wait) await buildAndSwitch(connection, context.signal)
    const { live, reindex } = await client.system.status({})
    if (reindex?.state === 'failed')
      throw new AppError('model-invalid', reindex.error ?? 'the new index could not be built')
    if (context.json) return printJson({ live, reindex })
    line(
      reindex
        ? `building a new index with ${id}; search answers from ${live.embeddingModel} meanwhile`
        : `using ${id}`,
    )
  })
}

async function connected(context: Context, work: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    await work(connection)
  } finally {
    await connection.close()
  }
}

/** What is in the library now, and whether it can be used. */
function told(context: Context, model: ModelInfo): void {
  if (model.problem !== null) process.exitCode = 1
  if (context.json) return printJson({ model })
  line(`${model.id}: ${model.problem ?? facts(context, model)}`)
}
