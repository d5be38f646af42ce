/** Rows of library.db become types here and nowhere else. */
import {
  Reason,
  type DocumentKind,
  type DocumentStatus,
  type DocumentSummary,
} from '../../../shared/document.ts'
import type { ChunkingSettings } from '../../../shared/settings.ts'

export interface DocumentRow {
  id: number
  source_id: number
  rel_path: string
  path: string
  folder: string
  name: string
  kind: DocumentKind
  title: string | null
  date: string
  tags: string
  metadata: string
  sha256: string | null
  stored_sha256: string | null
  size: number
  mtime_ms: number
  status: DocumentStatus
  reason: string | null
  pages: number | null
  chunks: number
  added_at: string
  removed_at: string | null
  status_before: string | null
  /** From the source it is joined with. */
  connected: number
}

export const documentColumns =
  'd.*, s.connected AS connected FROM documents d JOIN sources s ON s.id = d.source_id'

export function toSummary(row: DocumentRow): DocumentSummary {
  return {
    id: row.id,
    title: row.title ?? nameWithoutExtension(row.name),
    path: row.path,
    folder: row.folder,
    sourceId: row.source_id,
    kind: row.kind,
    status: row.status,
    reason: row.reason === null ? null : Reason.parse(JSON.parse(row.reason)),
    sizeBytes: row.size,
    date: row.date,
    tags: JSON.parse(row.tags) as string[],
    pages: row.pages,
    chunks: row.chunks,
    connected: row.connected === 1,
    addedAt: row.added_at,
  }
}

export function nameWithoutExtension(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}

export interface TargetRow {
  id: number
  state: 'ready' | 'building' | 'paused' | 'failed' | 'complete'
  model_id: string
  space: string
  space_fields: string
  dimensions: number
  chunking: string
  chunking_id: string
  recipe: string
  index_file: string
  vectors_file: string
  error: string | null
  error_code: string | null
  fresh: number
  reused: number
  created_at: string
}

/** A chunking with one model's vectors over it. */
export interface Target {
  id: number
  state: TargetRow['state']
  modelId: string
  /** Signature of the space, sha256 hex [MO1]. */
  space: string
  spaceFields: Record<string, unknown>
  dimensions: number
  chunking: ChunkingSettings
  /** Signature of what the index file was cut by: the recipe, and the tokenizer and limit it was first made for. */
  chunkingId: string
  /** Every field of the recipe [MO1]; empty where an older version did not write it down. */
  recipe: Record<string, string | number>
  /** File names inside the library folder. */
  indexFile: string
  vectorsFile: string
  /** Why it failed, and the code the window translates by. */
  error: string | null
  errorCode: string | null
  /** Every vector is made anew: none is taken from another file of the space. */
  fresh: boolean
  /** Chunks whose vector was there already. */
  reused: number
}

/** What a target is before it has a row. */
export type NewTarget = Omit<Target, 'id' | 'error' | 'errorCode' | 'reused'>

export function toTarget(row: TargetRow): Target {
  return {
    id: row.id,
    state: row.state,
    modelId: row.model_id,
    space: row.space,
    spaceFields: JSON.parse(row.space_fields) as Record<string, unknown>,
    dimensions: row.dimensions,
    chunking: JSON.parse(row.chunking) as ChunkingSettings,
    chunkingId: row.chunking_id,
    recipe: JSON.parse(row.recipe) as Target['recipe'],
    indexFile: row.index_file,
    vectorsFile: row.vectors_file,
    error: row.error,
    errorCode: row.error_code,
    fresh: row.fresh === 1,
    reused: row.reused,
  }
}
