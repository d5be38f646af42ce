/**
 * What a download is to bring: the files of one model with the sizes and hashes of the hub's record, made once and kept in
 * `plan.json` beside the files that have come. A name that could lead out of the folder is refused.
 */
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import type { DownloadableModel } from './downloadable.ts'
import type { Hub, HubRecord } from './hub.ts'
import { writeJsonFile } from './origin.ts'

const PlannedFile = z.object({
  path: z.string(),
  sizeBytes: z.number().int().min(0),
  /** From the record, or computed when the file had the record's `blobSha1`; pinned from then on. */
  sha256: z.string().nullable(),
  blobSha1: z.string().nullable(),
  /** False: lies beside the graph, and is fetched only if the graph turns out to name it. */
  wanted: z.boolean(),
  done: z.boolean(),
  /** Strong validator of the bytes in the `.part`, good for this host only. */
  etag: z.object({ host: z.string(), value: z.string() }).nullable(),
})
export type PlannedFile = z.infer<typeof PlannedFile>

export const DownloadPlan = z.object({
  version: z.literal(1),
  id: z.string(),
  repository: z.string(),
  revision: z.string(),
  layout: z.enum(['huggingface', 'modelscope']),
  /** Whose record the hashes are from. */
  host: z.string(),
  graph: z.string(),
  files: z.array(PlannedFile),
})
export type DownloadPlan = z.infer<typeof DownloadPlan>

const planFile = 'plan.json'

/** What to fetch: the first of the model's graphs that the repository has, its data, and the small files. */
export function planDownload(
  model: DownloadableModel,
  record: HubRecord,
  { layout, host }: Pick<Hub, 'layout' | 'host'>,
): DownloadPlan {
  const byPath = new Map(record.files.map((file) => [file.path, file]))
  const graph = model.graphs.find((path) => byPath.has(path))
  if (!graph) {
    throw new AppError(
      'not-found',
      `${model.repository} on ${host} has no ONNX graph (${model.graphs.join(', ')}). Choose another source, or import a converted folder.`,
      { data: { problem: 'missing', host, file: model.graphs[0]! } },
    )
  }
  for (const path of model.files) {
    if (!byPath.has(path)) {
      throw new AppError('not-found', `${model.repository} on ${host} has no ${path}.`, {
        data: { problem: 'missing', host, file: path },
      })
    }
  }
  const wanted = new Set([graph, ...model.data, ...model.files, ...model.optional])
  const besideGraph = (path: string) =>
    dirname(path) === dirname(graph) && !/\.(onnx|json|txt|md|model)$/.test(path)
  const files: PlannedFile[] = []
  for (const { path, sizeBytes, sha256, blobSha1 } of record.files) {
    const isData = path.startsWith(`${graph}_data`) || path === `${graph}.data`
    if (!wanted.has(path) && !isData && !besideGraph(path)) continue
    if (!isSafePath(path) || (!isHash(sha256, 64) && !isHash(blobSha1, 40))) {
      throw new AppError('unavailable', `${host} names a file that cannot be: ${path.slice(0, 100)}`, {
        data: { problem: 'list', host },
      })
    }
    files.push({
      path,
      sizeBytes,
      sha256,
      blobSha1,
      wanted: wanted.has(path) || isData,
      done: false,
      etag: null,
    })
  }
  // The graph first: it says which data it needs.
  files.sort((a, b) => Number(b.path === graph) - Number(a.path === graph))
  return {
    version: 1,
    id: model.id,
    repository: model.repository,
    revision: record.revision,
    layout,
    host,
    graph,
    files,
  }
}

const isHash = (text: string | null, length: number): boolean =>
  text !== null && text.length === length && /^[0-9a-f]+$/.test(text)

/** Relative, inside, and a name on every system. */
export const isSafePath = (path: string): boolean =>
  path.length <= 300 &&
  path
    .split('/')
    .every(
      (step) =>
        /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_ .+@=()-]*$/u.test(step) &&
        !/[. ]$/.test(step) &&
        !/^(con|nul|aux|prn)(\.|$)/i.test(step),
    )

/** null where no download was begun, or nothing can be made of what is there. */
export async function readPlan(folder: string): Promise<DownloadPlan | null> {
  try {
    const plan = DownloadPlan.parse(JSON.parse(await readFile(join(folder, planFile), 'utf8')))
    return plan.files.every(({ path }) => isSafePath(path)) ? plan : null
  } catch {
    return null
  }
}

export async function writePlan(folder: string, plan: DownloadPlan): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeJsonFile(join(folder, planFile), plan)
}

export const totalBytes = (plan: DownloadPlan): number =>
  plan.files.reduce((sum, file) => sum + (file.wanted ? file.sizeBytes : 0), 0)

export async function doneBytes(folder: string, plan: DownloadPlan): Promise<number> {
  let sum = 0
  for (const file of plan.files) {
    if (!file.wanted) continue
    sum += file.done
      ? file.sizeBytes
      : Math.min(file.sizeBytes, await sizeOf(partOf(folder, plan, file.path)))
  }
  return sum
}

export const partSuffix = '.part'

/** Becomes the model's folder when all is there. */
export const filesOf = (folder: string, { id }: Pick<DownloadPlan, 'id'>): string => join(folder, id)

export const partOf = (folder: string, plan: DownloadPlan, path: string): string =>
  join(filesOf(folder, plan), path + partSuffix)

export const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.size ?? 0
