/** What a search reads of vectors-*.db: new codes since last time, dropped chunks, exact cosines. */
import { loadVectorFunctions } from './sqlite-vec.ts'
import { openVectorDatabase, type OpenVectorOptions } from './vector-store.ts'

export interface CodeRow {
  id: number
  chunkId: number
  code: Buffer
}

export type VectorReader = ReturnType<typeof openVectorReader>

export function openVectorReader(path: string, options: Omit<OpenVectorOptions, 'readonly'>) {
  const connection = openVectorDatabase(path, { ...options, readonly: true })
  loadVectorFunctions(connection)
  const dataVersion = connection.prepare('PRAGMA data_version').pluck()
  const epoch = connection.prepare("SELECT value FROM meta WHERE key = 'epoch'").pluck()
  const codesAfter = connection.prepare<[number, number], CodeRow>(
    'SELECT id, chunk_id AS chunkId, code FROM codes WHERE id > ? ORDER BY id LIMIT ?',
  )
  const droppedAfter = connection.prepare<[number], { id: number; chunkId: number }>(
    'SELECT id, chunk_id AS chunkId FROM dropped WHERE id > ? ORDER BY id',
  )
  const lastDropped = connection
    .prepare("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'dropped'), 0)")
    .pluck()
  const distances = connection.prepare<[Buffer, string], { id: number; distance: number }>(
    `SELECT v.chunk_id AS id, vec_distance_l2(v.vector, ?) AS distance
       FROM json_each(?) j JOIN vectors v ON v.chunk_id = j.value`,
  )

  return {
    dimensions: options.dimensions,
    version: () => dataVersion.get() as number,
    /** Grows when the log of dropped chunks was emptied: load everything again. */
    epoch: () => Number(epoch.get()),
    codesAfter: (id: number, limit: number) => codesAfter.all(id, limit),
    droppedAfter: (id: number) => droppedAfter.all(id),
    lastDropped: () => lastDropped.get() as number,
    /** Exact cosines of these chunks to a unit vector: 1 - d² / 2. Chunks without a vector are left out. */
    cosines(query: Float32Array, chunkIds: readonly number[]): Map<number, number> {
      if (chunkIds.length === 0) return new Map()
      const bytes = Buffer.from(query.buffer, query.byteOffset, query.byteLength)
      return new Map(
        distances
          .all(bytes, JSON.stringify(chunkIds))
          .map(({ id, distance }) => [id, 1 - (distance * distance) / 2]),
      )
    },
    close: () => void connection.close(),
  }
}
