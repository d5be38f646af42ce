/**
 * Everything a door can ask of the engine, once. The typed client, the server's router and the OpenAPI page all
 * come from here. Bytes do not: uploads go to `PUT /upload` and `PUT /models/upload`, document bytes come from the
 * signed address of `documents.address`. Calls under `local` name paths, so only the private socket may use them.
 */
import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { DeviceId, DeviceInfo, DeviceTest } from './devices.ts'
import { DocumentKind, DocumentStatus, DocumentSummary, ReasonCode } from './document.ts'
import { errorCodes } from './errors.ts'
import { CatalogEntry, modelSources, poolingModes } from './models.ts'
import { EstimateRequest, ReindexEstimate, TrialHit, TrialRequest, TrialStep } from './reindex.ts'
import { Hit, Range, SearchRequest, SearchUpdate } from './search.ts'
import { ChunkingSettings, Settings, SettingsPatch } from './settings.ts'
import { DoctorReport, EngineEvent, ModelInfo, SelfTestReport, Status } from './status.ts'

const base = oc.errors({
  /** The one expected failure: switch on `data.code`. */
  APP_ERROR: {
    status: 422,
    data: z.object({
      code: z.enum(errorCodes),
      data: z.record(z.string(), z.union([z.string(), z.number()])),
    }),
  },
})

const DocumentId = z.number().int().positive()
const DocumentIds = z.strictObject({ ids: z.array(DocumentId).min(1).max(10_000) })
const Done = z.object({ done: z.number().int() })
const ModelId = z.string().min(1).max(200)
const Nothing = z.strictObject({}).prefault({})

export const DocumentQuery = z.strictObject({
  /** Matched against names and titles. */
  text: z.string().max(1000).default(''),
  kinds: z.array(DocumentKind).optional(),
  statuses: z.array(DocumentStatus).optional(),
  reasons: z.array(ReasonCode).optional(),
  folders: z.array(z.string().max(4096)).max(50).optional(),
  tags: z.array(z.string().max(200)).max(50).optional(),
  sort: z.enum(['added', 'date', 'title', 'size']).default('added'),
  descending: z.boolean().default(true),
  limit: z.number().int().min(1).max(1000).default(100),
  offset: z.number().int().min(0).default(0),
})
export type DocumentQuery = z.infer<typeof DocumentQuery>

/** One block of readable text. Lines say where each stretch stands in the file [EX1]. */
export const ContentBlock = z.object({
  kind: z.enum(['heading', 'paragraph', 'list', 'code', 'table', 'quote']),
  level: z.number().int().nullable(),
  text: z.string(),
  page: z.number().int().nullable(),
  lineStart: z.number().int().nullable(),
  lineEnd: z.number().int().nullable(),
  charStart: z.number().int(),
})
export const DocumentContent = z.object({
  document: DocumentSummary,
  /** Decoded file text (Markdown and text files); null for PDF. */
  source: z.string().nullable(),
  blocks: z.array(ContentBlock),
  /** True when `blocks` was cut at the size limit of one answer. */
  cut: z.boolean(),
})
export type DocumentContent = z.infer<typeof DocumentContent>

/** Where a chunk stands, for highlighting. Boxes are [x0, y0, x1, y1] in PDF points, origin bottom left of the page. */
export const PassageLocation = z.object({
  documentId: DocumentId,
  chunkId: z.number().int(),
  charStart: z.number().int(),
  charEnd: z.number().int(),
  lineStart: z.number().int().nullable(),
  lineEnd: z.number().int().nullable(),
  pages: z.array(
    z.object({
      page: z.number().int(),
      label: z.string().nullable(),
      boxes: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
    }),
  ),
})
export type PassageLocation = z.infer<typeof PassageLocation>

export const Passage = z.object({
  id: z.number().int(),
  ordinal: z.number().int(),
  text: z.string(),
  headings: z.array(z.string()),
  page: z.number().int().nullable(),
  charStart: z.number().int(),
  charEnd: z.number().int(),
})
export type Passage = z.infer<typeof Passage>

export const Source = z.object({
  id: z.number().int(),
  kind: z.enum(['folder', 'file', 'uploads']),
  path: z.string(),
  connected: z.boolean(),
  documents: z.number().int(),
})
export type Source = z.infer<typeof Source>

export const contract = {
  system: {
    status: base.input(Nothing).output(Status),
    /** Streamed until the client goes away. */
    events: base.input(Nothing).output(eventIterator(EngineEvent)),
    doctor: base.input(Nothing).output(DoctorReport),
  },
  search: {
    /** Streamed: the fused list, then the reranked one, then `complete` [SE3]. Closing the stream cancels the work. */
    run: base.input(SearchRequest).output(eventIterator(SearchUpdate)),
    /** The chunks around one, in reading order, itself included. */
    neighbours: base
      .input(
        z.strictObject({
          chunkId: z.number().int(),
          before: z.number().int().min(0).max(20).default(1),
          after: z.number().int().min(0).max(20).default(1),
        }),
      )
      .output(z.object({ passages: z.array(Passage) })),
    locate: base
      .input(z.strictObject({ chunkId: z.number().int(), documentId: DocumentId }))
      .output(PassageLocation),
    history: base.input(Nothing).output(z.object({ queries: z.array(z.string()) })),
    forgetHistory: base.input(Nothing).output(Done),
  },
  documents: {
    list: base
      .input(DocumentQuery.prefault({}))
      .output(z.object({ documents: z.array(DocumentSummary), total: z.number().int() })),
    get: base.input(z.strictObject({ id: DocumentId })).output(
      z.object({
        document: DocumentSummary,
        /** Front matter or PDF metadata. */
        metadata: z.record(z.string(), z.string()),
        copies: z.array(DocumentSummary),
      }),
    ),
    content: base.input(z.strictObject({ id: DocumentId })).output(DocumentContent),
    /** A short-lived signed address for the file's bytes, relative to the door's origin. */
    address: base.input(z.strictObject({ id: DocumentId })).output(z.object({ url: z.string() })),
    folders: base
      .input(Nothing)
      .output(z.object({ folders: z.array(z.object({ path: z.string(), documents: z.number().int() })) })),
    tags: base
      .input(Nothing)
      .output(z.object({ tags: z.array(z.object({ tag: z.string(), documents: z.number().int() })) })),
    remove: base.input(DocumentIds).output(Done),
    restore: base.input(DocumentIds).output(Done),
    /** Removes every trace, then looks for it [DA5]. */
    forget: base
      .input(DocumentIds)
      .output(
        z.object({ done: z.number().int(), traces: z.array(z.string()), searched: z.array(z.string()) }),
      ),
    retry: base.input(z.strictObject({ ids: z.array(DocumentId).max(10_000).optional() })).output(Done),
  },
  ingest: {
    pause: base.input(Nothing).output(Done),
    resume: base.input(Nothing).output(Done),
    /** Waiting documents go back to nothing: removed from the queue, marked cancelled; retry brings them back. */
    cancel: base.input(Nothing).output(Done),
  },
  settings: {
    get: base.input(Nothing).output(Settings),
    /** A change of model or chunking starts a reindex; search keeps answering from the live index [RE1]. */
    update: base.input(SettingsPatch).output(z.object({ settings: Settings, reindexStarted: z.boolean() })),
  },
  models: {
    list: base.input(Nothing).output(z.object({ models: z.array(ModelInfo) })),
    /** What can be downloaded, and how far it is. Asks nobody. */
    catalog: base.input(Nothing).output(z.object({ entries: z.array(CatalogEntry) })),
    /** Starts or resumes; returns at once. The only call that makes a request to the network. */
    download: base
      .input(z.strictObject({ id: ModelId, source: z.enum(modelSources).optional() }))
      .output(Done),
    /** Stops; what has come stays for a resume. */
    cancelDownload: base.input(z.strictObject({ id: ModelId })).output(Done),
    /** Stops, and drops what has come. */
    discardDownload: base.input(z.strictObject({ id: ModelId })).output(Done),
    /** Off the list and off the disk. An index that stands on it keeps its files and goes on answering. */
    remove: base.input(z.strictObject({ id: ModelId })).output(Done),
    /** The person's word where a folder does not say; kept only if the model then passes its self-test. */
    setPooling: base
      .input(z.strictObject({ id: ModelId, pooling: z.enum(poolingModes) }))
      .output(z.object({ model: ModelInfo })),
    /** The self-test, made afresh: seconds, or a minute for a large model [MO4]. */
    test: base.input(z.strictObject({ id: ModelId })).output(SelfTestReport),
    /** Use a model although a check of its self-test failed; 'conflict' where that cannot be. */
    override: base.input(z.strictObject({ id: ModelId, on: z.boolean() })).output(Done),
  },
  reindex: {
    /** Rebuilds with the present settings even where nothing changed. */
    start: base.input(Nothing).output(Done),
    pause: base.input(Nothing).output(Done),
    resume: base.input(Nothing).output(Done),
    /** Back to the live index's model and chunking; what was built is dropped. */
    cancel: base.input(Nothing).output(Done),
    /** Time, disk and languages of another model or chunking, measured now on a sample of this library [RE4]. */
    estimate: base.input(EstimateRequest.prefault({})).output(ReindexEstimate),
    /** Embeds some documents with another model and searches them with both. Nothing is kept; closing the stream cancels. */
    trial: base.input(TrialRequest).output(eventIterator(TrialStep)),
    /** By meaning, in the live and in the new index. 'conflict' while no index waits to be compared. */
    compare: base
      .input(z.strictObject({ query: z.string().min(1).max(1000) }))
      .output(z.object({ live: z.array(TrialHit), next: z.array(TrialHit) })),
    /** The index that waits answers from now on. 'conflict' when none does. */
    switch: base.input(Nothing).output(Done),
    /** The former index answers again, and catches up; the one that answered becomes the former [RE3]. */
    rollback: base.input(Nothing).output(Done),
    /** Gives the disk of the former index back. */
    dropFormer: base.input(Nothing).output(Done.extend({ freedBytes: z.number() })),
  },
  devices: {
    /** What a model can run on here; starts nothing. */
    list: base.input(Nothing).output(z.object({ devices: z.array(DeviceInfo) })),
    /** Tries a device in a process of its own, with the live model unless another is named: seconds to a minute [MO5]. */
    test: base.input(z.strictObject({ device: DeviceId, modelId: ModelId.optional() })).output(DeviceTest),
  },
  sources: {
    list: base.input(Nothing).output(z.object({ sources: z.array(Source) })),
    /** Forgets the link and removes its documents; files stay where they are. */
    remove: base.input(z.strictObject({ id: z.number().int() })).output(Done),
  },
  /** Private socket only: these name paths of this computer. */
  local: {
    /** Links files and folders in place; returns as soon as their names are findable. */
    add: base
      .input(z.strictObject({ paths: z.array(z.string().min(1).max(32_768)).min(1).max(100_000) }))
      .output(
        z.object({
          documents: z.number().int(),
          unchanged: z.number().int(),
          /** Paths that could not be walked, each with its reason. */
          refused: z.array(z.object({ path: z.string(), reason: ReasonCode })),
        }),
      ),
    /** Where a document's file is, for "Reveal". */
    reveal: base.input(z.strictObject({ id: DocumentId })).output(z.object({ path: z.string() })),
    /** Copies a model's folder, or unpacks a zip of one, into the library. */
    importModel: base
      .input(z.strictObject({ path: z.string().min(1).max(32_768) }))
      .output(z.object({ model: ModelInfo })),
    evaluate: base
      .input(
        z.strictObject({
          folder: z.string().min(1),
          distractors: z.string().optional(),
          maxQueries: z.number().int().positive().optional(),
        }),
      )
      .output(
        eventIterator(
          z.object({ stage: z.string(), done: z.number(), total: z.number(), report: z.unknown() }),
        ),
      ),
    shutdown: base.input(Nothing).output(Done),
  },
}

export type Contract = typeof contract
export { Hit, Range, SearchRequest, SearchUpdate, ChunkingSettings, Settings, SettingsPatch }
