/** An engine without files, models or threads, for tests of the doors alone. Says what it was asked in `calls`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DocumentSummary } from '../../src/shared/document.ts'
import { AppError } from '../../src/shared/errors.ts'
import { Settings } from '../../src/shared/settings.ts'
import type { Status } from '../../src/shared/status.ts'
import type { EnginePort } from '../../src/server/engine-port.ts'

export const emptyStatus: Status = {
  library: { path: '/library', name: 'library', sizeBytes: 0, freeBytes: 1e12 },
  version: '0.0.0',
  documents: { total: 0, indexed: 0, partial: 0, failed: 0, waiting: 0 },
  chunks: 0,
  reasons: [],
  ingest: null,
  reindex: null,
  former: null,
  live: {
    embeddingModel: 'manifold-static-256',
    dimensions: 256,
    rerankerModel: null,
    strategy: 'recursive',
    targetTokens: 200,
    device: 'cpu',
    provider: 'cpu',
    fallback: null,
    space: '0123456789ab',
    outdated: [],
    canary: null,
  },
  truncatedChunks: 0,
  outboundRequests: 0,
}

export interface MemoryEngine extends EnginePort {
  calls: string[]
  uploaded: { name: string; bytes: Uint8Array }[]
  /** Signals of the streams that were opened, in order. */
  streams: AbortSignal[]
}

export function createMemoryEngine(directory: string): MemoryEngine {
  const calls: string[] = []
  const uploaded: MemoryEngine['uploaded'] = []
  const streams: AbortSignal[] = []
  let settings = Settings.parse({})
  const done = (name: string) => async () => {
    calls.push(name)
    return { done: 1 }
  }
  const summary = (id: number): DocumentSummary => {
    const upload = uploaded[id - 1]
    if (!upload) throw new AppError('not-found', 'There is no such document.', { data: { id } })
    return {
      id,
      title: upload.name,
      path: upload.name,
      folder: '',
      sourceId: 1,
      kind: upload.name.endsWith('.pdf') ? 'pdf' : 'markdown',
      status: 'indexed',
      reason: null,
      sizeBytes: upload.bytes.length,
      date: '2026-01-01',
      tags: [],
      pages: null,
      chunks: 0,
      connected: true,
      addedAt: '2026-01-01T00:00:00Z',
    }
  }
  return {
    calls,
    uploaded,
    streams,
    system: {
      status: async () => emptyStatus,
      async *events(signal) {
        streams.push(signal)
        yield { type: 'status', status: emptyStatus }
        // Never wakes, as an engine with nothing to tell.
        await new Promise(() => {})
      },
      doctor: async () => ({ ok: true, checks: [] }),
    },
    search: {
      async *run(request, signal) {
        streams.push(signal)
        if (request.query === 'broken') throw new AppError('bad-query', 'This query cannot be read.')
        if (request.query === 'bug') throw new Error('a secret detail')
        const update = {
          query: request.query,
          terms: [],
          tookMs: 1,
          hits: [],
          names: [],
          nothingFits: false,
          total: null,
          notes: [],
        }
        yield { ...update, stage: 'fused' as const }
        if (request.query === 'slow') await new Promise(() => {})
        yield { ...update, stage: 'complete' as const }
      },
      neighbours: async () => ({ passages: [] }),
      locate: async ({ chunkId, documentId }) => ({
        documentId,
        chunkId,
        charStart: 0,
        charEnd: 0,
        lineStart: null,
        lineEnd: null,
        pages: [],
      }),
      history: async () => ({ queries: [] }),
      forgetHistory: done('forgetHistory'),
    },
    documents: {
      list: async () => ({ documents: uploaded.map((_, i) => summary(i + 1)), total: uploaded.length }),
      get: async ({ id }) => ({ document: summary(id), metadata: {}, copies: [] }),
      content: async ({ id }) => ({ document: summary(id), source: null, blocks: [], cut: false }),
      folders: async () => ({ folders: [] }),
      tags: async () => ({ tags: [] }),
      remove: done('remove'),
      restore: done('restore'),
      forget: async () => ({ done: 1, traces: [], searched: [] }),
      retry: done('retry'),
      file: async (id) => {
        const { kind, title } = summary(id)
        return { path: join(directory, String(id)), kind, name: title, sizeBytes: 0 }
      },
    },
    ingest: { pause: done('pause'), resume: done('resume'), cancel: done('cancel') },
    settings: {
      get: async () => settings,
      update: async (patch) => {
        settings = Settings.parse({
          ...settings,
          ...patch,
          chunking: { ...settings.chunking, ...patch.chunking },
        })
        return { settings, reindexStarted: false }
      },
    },
    models: {
      list: async () => ({ models: [] }),
      catalog: async () => ({ entries: [] }),
      download: done('download'),
      cancelDownload: done('cancelDownload'),
      discardDownload: done('discardDownload'),
      remove: done('removeModel'),
      setPooling: async ({ id }) => {
        throw new AppError('model-missing', `There is no model "${id}".`)
      },
      test: async ({ id }) => {
        calls.push(`test ${id}`)
        return {
          modelId: id,
          ok: true,
          overridden: false,
          overridable: true,
          checks: [],
          batching: 'padded',
          worstCosine: 1,
          canary: null,
          measuredAt: '2026-01-01T00:00:00.000Z',
        }
      },
      override: done('override'),
    },
    reindex: {
      start: done('start'),
      pause: done('pause'),
      resume: done('resume'),
      cancel: done('cancel'),
      estimate: () => Promise.reject(new AppError('unavailable', 'there is no library to measure')),
      async *trial() {
        yield { stage: 'done', done: 0, total: 0, results: [] }
      },
      compare: async () => ({ live: [], next: [] }),
      switch: done('switch'),
      rollback: done('rollback'),
      dropFormer: async () => ({ done: 1, freedBytes: 0 }),
    },
    devices: {
      list: async () => ({ devices: [] }),
      test: async ({ device, modelId = 'manifold-static-256' }) => ({
        device,
        modelId,
        provider: 'cpu',
        fallback: 'no-device',
        nodes: {},
        worstCosine: null,
        textsPerSecond: null,
        cpuTextsPerSecond: null,
        accepted: false,
        reason: 'no-device',
        detail: null,
        measuredAt: '2026-01-01T00:00:00.000Z',
      }),
    },
    sources: { list: async () => ({ sources: [] }), remove: done('removeSource') },
    local: {
      add: async ({ paths }) => {
        calls.push(`add ${paths.join(' ')}`)
        return { documents: paths.length, unchanged: 0, refused: [] }
      },
      reveal: async ({ id }) => ({ path: join(directory, String(id)) }),
      importModel: async ({ path }) => {
        throw new AppError('model-missing', `There is no model in ${path}.`)
      },
      async *evaluate() {
        yield { stage: 'done', done: 1, total: 1, report: null }
      },
    },
    uploads: {
      async receive({ name, body }) {
        const bytes = new Uint8Array(await new Response(body).arrayBuffer())
        uploaded.push({ name, bytes })
        await writeFile(join(directory, String(uploaded.length)), bytes)
        return { documentId: uploaded.length, unchanged: false }
      },
      async receiveModel({ name, body }) {
        uploaded.push({ name, bytes: new Uint8Array(await new Response(body).arrayBuffer()) })
        throw new AppError('model-invalid', 'This is not a zip file, or it is damaged.')
      },
    },
    close: async () => {},
  }
}
