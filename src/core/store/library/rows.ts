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
  state: 'ready' | 'building' | 'paused' | 'failed'
  model_id: string
  space: string
  space_fields: string
  dimensions: number
  chunking: string
  chunking_id: string
  index_file: string
  vectors_file: string
  error: string | null
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
  /** Signature of the recipe that cuts and tokenises. */
  chunkingId: string
  /** File names inside the library folder. */
  indexFile: string
  vectorsFile: string
  error: string | null
}

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
    indexFile: row.index_file,
    vectorsFile: row.vectors_file,
    error: row.error,
  }
}
