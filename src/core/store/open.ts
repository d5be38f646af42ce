/**
 * Opens one SQLite file the way all of ours are opened, and brings a migrated one up to date. The schema version is
 * `user_version`, and equals the number of migrations applied; a file from the future is refused and left untouched [DA4].
 */
import Database from 'better-sqlite3'
import { AppError } from '../../shared/errors.ts'

export type Connection = Database.Database

export interface OpenOptions {
  readonly?: boolean
  /** Truth survives power loss (FULL); derived files may lose the last transactions, not their shape (NORMAL). */
  synchronous: 'FULL' | 'NORMAL'
  /** Applied in order, all pending ones in one immediate transaction. */
  migrations: readonly string[]
  /** Runs before the first pending migration of a file that already has rows. */
  beforeMigration?(connection: Connection, version: number): void
}

export function openDatabase(path: string, options: OpenOptions): Connection {
  let connection: Connection
  try {
    connection = new Database(path, { readonly: options.readonly ?? false, timeout: 10_000 })
  } catch (cause) {
    throw new AppError('library-damaged', `cannot open ${path}`, { cause, data: { path } })
  }
  try {
    const found = connection.pragma('user_version', { simple: true }) as number
    if (found > options.migrations.length) {
      throw new AppError(
        'library-newer',
        `${path} was written by a newer version of Manifold. Nothing was changed.`,
        {
          data: { path, found, known: options.migrations.length },
        },
      )
    }
    connection.pragma('busy_timeout = 10000')
    if (options.readonly) {
      connection.pragma('query_only = ON')
    } else {
      connection.pragma('journal_mode = WAL')
      connection.pragma(`synchronous = ${options.synchronous}`)
      connection.pragma('foreign_keys = ON')
      connection.pragma('secure_delete = ON')
      migrate(connection, options)
    }
    connection.pragma('temp_store = MEMORY')
    return connection
  } catch (error) {
    connection.close()
    if (error instanceof Database.SqliteError && /NOTADB|CORRUPT/.test(error.code)) {
      throw new AppError('library-damaged', `${path} is not a readable database`, {
        cause: error,
        data: { path },
      })
    }
    throw error
  }
}

function migrate(connection: Connection, { migrations, beforeMigration }: OpenOptions): void {
  const version = () => connection.pragma('user_version', { simple: true }) as number
  if (version() === migrations.length) return
  if (version() > 0) beforeMigration?.(connection, version())
  connection
    .transaction(() => {
      // Read again: another process may have migrated while we waited for the lock.
      for (const migration of migrations.slice(version())) connection.exec(migration)
      connection.pragma(`user_version = ${migrations.length}`)
    })
    .immediate()
}
