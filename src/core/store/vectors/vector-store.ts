/**
 * vectors-<chunking>-<space>.db: one unit vector a chunk, with the code that is scanned first. Refuses vectors that are
 * not finite, not of unit length or not of this space, and a file that belongs to another space or index [MO1].
 */
import { AppError } from '../../../shared/errors.ts'
import type { CanaryRecord } from '../../models/canary.ts'
import { nameDifferences } from '../differences.ts'
import { openDatabase, type Connection } from '../open.ts'
import type { VectorStore } from '../types.ts'
import { keepCanary, readCanary } from './canary.ts'
import { codeBytes, codeOf } from './codes.ts'
import { view } from './sqlite-vec.ts'

export const vectorsLayout = 'vectors/2'

/** `codes.id` grows with every row ever written, so a reader asks for what is new; `dropped` tells it what is gone. */
const schema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE texts (sha256 TEXT PRIMARY KEY, vectors INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE vectors (
  chunk_id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL,
  input_hash BLOB NOT NULL,
  vector BLOB NOT NULL
) STRICT;
CREATE INDEX vectors_sha256 ON vectors (sha256);
CREATE INDEX vectors_input ON vectors (input_hash);
CREATE TABLE codes (id INTEGER PRIMARY KEY AUTOINCREMENT, chunk_id INTEGER NOT NULL UNIQUE, code BLOB NOT NULL) STRICT;
CREATE TABLE dropped (id INTEGER PRIMARY KEY AUTOINCREMENT, chunk_id INTEGER NOT NULL) STRICT;
`

/** Past this many entries the log of dropped chunks is emptied, and readers load afresh. */
const maxDropped = 50_000
/** |v| of a unit vector in float32 stays well inside this of 1. */
const normTolerance = 1e-3

export interface OpenVectorOptions {
  readonly?: boolean
  space: string
  dimensions: number
  /** The index whose chunk ids these are; left out, it is not compared (a reader that asks by input only). */
  indexUuid?: string
  /** Every field of the space, written into a new file so that a refusal can name those that differ [MO1]. */
  spaceFields?: Readonly<Record<string, unknown>>
}

export interface WritableVectorStore extends VectorStore {
  /** Several texts in one transaction: all or none of them. */
  putMany(
    texts: readonly {
      sha256: string
      rows: readonly { chunkId: number; inputHash: string; vector: Float32Array }[]
    }[],
  ): void
  /** The fixed sentences kept with the vectors since the first of them; null before that [MO3]. */
  canary(): CanaryRecord | null
  /** Kept once: a second one is ignored. */
  keepCanary(record: CanaryRecord): void
  /** Empties the log so that no dropped vector remains in it [DA5]. */
  purge(): void
}

export function openVectorStore(path: string, options: OpenVectorOptions): WritableVectorStore {
  return createVectorStore(openVectorDatabase(path, options), options.dimensions)
}

/** Opened and checked; search reads through it in store/vectors/vector-reader.ts. */
export function openVectorDatabase(path: string, options: OpenVectorOptions): Connection {
  const { readonly = false, space, dimensions, indexUuid, spaceFields } = options
  const connection = openDatabase(path, { readonly, synchronous: 'NORMAL', migrations: [schema] })
  try {
    const ours: Record<string, string> = {
      layout: vectorsLayout,
      space,
      dimensions: String(dimensions),
      ...(indexUuid === undefined ? {} : { index: indexUuid }),
    }
    if (!readonly) {
      connection
        .transaction(() => {
          if (connection.prepare('SELECT 1 FROM meta').get()) return
          const add = connection.prepare('INSERT INTO meta (key, value) VALUES (?, ?)')
          const fields = JSON.stringify(spaceFields ?? {})
          for (const [key, value] of Object.entries({ epoch: '0', space_fields: fields, ...ours }))
            add.run(key, value)
        })
        .immediate()
    }
    const rows = connection.prepare('SELECT key, value FROM meta').all() as { key: string; value: string }[]
    const found = new Map(rows.map((row) => [row.key, row.value]))
    const different = Object.entries(ours).filter(([key, value]) => found.get(key) !== value)
    if (different.length > 0) {
      const { names, text } = nameDifferences(different, found, { space: ['space_fields', spaceFields] })
      throw new AppError('space-mismatch', `the vectors were made with another ${text}; rebuild them`, {
        data: { path, fields: names },
      })
    }
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

function createVectorStore(connection: Connection, dimensions: number): WritableVectorStore {
  const hasText = connection.prepare('SELECT 1 FROM texts WHERE sha256 = ?')
  const byInput = connection
    .prepare<[Buffer], Buffer>('SELECT vector FROM vectors WHERE input_hash = ? LIMIT 1')
    .pluck()
  const idsOf = connection
    .prepare<[string], number>('SELECT chunk_id FROM vectors WHERE sha256 = ? ORDER BY chunk_id')
    .pluck()
  const logDropped = connection.prepare(
    'INSERT INTO dropped (chunk_id) SELECT chunk_id FROM vectors WHERE sha256 = ?',
  )
  const dropCodes = connection.prepare(
    'DELETE FROM codes WHERE chunk_id IN (SELECT chunk_id FROM vectors WHERE sha256 = ?)',
  )
  const dropVectors = connection.prepare('DELETE FROM vectors WHERE sha256 = ?')
  const dropText = connection.prepare('DELETE FROM texts WHERE sha256 = ?')
  const addText = connection.prepare('INSERT INTO texts (sha256, vectors) VALUES (?, ?)')
  const addVector = connection.prepare(
    'INSERT INTO vectors (chunk_id, sha256, input_hash, vector) VALUES (?, ?, ?, ?)',
  )
  const addCode = connection.prepare('INSERT INTO codes (chunk_id, code) VALUES (?, ?)')

  function remove(sha256: string): void {
    if (!hasText.get(sha256)) return
    logDropped.run(sha256)
    dropCodes.run(sha256)
    dropVectors.run(sha256)
    dropText.run(sha256)
    const logged = connection
      .prepare('SELECT coalesce(max(id) - min(id) + 1, 0) FROM dropped')
      .pluck()
      .get() as number
    if (logged > maxDropped) {
      connection.exec("DELETE FROM dropped; UPDATE meta SET value = value + 1 WHERE key = 'epoch'")
    }
  }

  function check(vector: Float32Array): void {
    if (vector.length !== dimensions) {
      throw new AppError(
        'space-mismatch',
        `a vector has ${vector.length} dimensions, its space ${dimensions}`,
      )
    }
    let squares = 0
    for (const value of vector) squares += value * value
    if (!(Math.abs(Math.sqrt(squares) - 1) <= normTolerance)) {
      throw new AppError('model-invalid', 'the model gave a vector that is not finite or not of unit length')
    }
  }

  const code = Buffer.alloc(codeBytes(dimensions))
  const putMany = connection.transaction((texts: Parameters<WritableVectorStore['putMany']>[0]) => {
    for (const { sha256, rows } of texts) {
      remove(sha256)
      for (const { chunkId, inputHash, vector } of rows) {
        check(vector)
        codeOf(vector, code)
        addVector.run(
          BigInt(chunkId),
          sha256,
          Buffer.from(inputHash, 'hex'),
          Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
        )
        addCode.run(BigInt(chunkId), code)
      }
      addText.run(sha256, rows.length)
    }
  })
  const dropOne = connection.transaction(remove)

  return {
    has: (sha256) => hasText.get(sha256) !== undefined,
    put: (sha256, rows) => putMany.immediate([{ sha256, rows }]),
    putMany: (texts) => void (texts.length > 0 && putMany.immediate(texts)),
    find(inputHash) {
      const bytes = byInput.get(Buffer.from(inputHash, 'hex'))
      return bytes === undefined ? null : view(bytes).slice()
    },
    drop: (sha256) => void dropOne.immediate(sha256),
    texts: () => connection.prepare('SELECT sha256 FROM texts').pluck().all() as string[],
    chunkIds: (sha256) => idsOf.all(sha256),
    counts() {
      return {
        texts: connection.prepare('SELECT count(*) FROM texts').pluck().get() as number,
        vectors: connection.prepare('SELECT count(*) FROM codes').pluck().get() as number,
      }
    },
    check() {
      const faults = (connection.pragma('integrity_check(3)') as { integrity_check: string }[])
        .map((row) => row.integrity_check)
        .filter((text) => text !== 'ok')
      const row = connection
        .prepare<[], Record<'vectors' | 'promised' | 'codes' | 'sized', number>>(
          `SELECT (SELECT count(*) FROM vectors) AS vectors,
                  (SELECT coalesce(sum(vectors), 0) FROM texts) AS promised,
                  (SELECT count(*) FROM codes JOIN vectors USING (chunk_id)) AS codes,
                  (SELECT count(*) FROM vectors WHERE length(vector) = ${4 * dimensions}) AS sized`,
        )
        .get()!
      if (row.vectors !== row.promised) faults.push(`${row.vectors} vectors stand for ${row.promised}`)
      if (row.codes !== row.vectors) faults.push(`${row.vectors - row.codes} vectors without a code`)
      if (row.sized !== row.vectors) faults.push(`${row.vectors - row.sized} vectors of a wrong size`)
      return faults.length > 0 ? faults.join('; ') : null
    },
    canary: () => readCanary(connection),
    keepCanary: (record) => keepCanary(connection, record),
    purge: () => void connection.pragma('wal_checkpoint(TRUNCATE)'),
    close: () => void connection.close(),
  }
}
