/**
 * One library, one engine: the lock is an exclusive transaction held open on lock.db. The kernel frees it with the
 * process, so there is nothing stale to clean up.
 */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import { lockFileName } from './layout.ts'

export interface LibraryLock {
  release(): void
}

export function lockLibrary(libraryDir: string): LibraryLock {
  const connection = new Database(join(libraryDir, lockFileName), { timeout: 200 })
  try {
    connection.pragma('journal_mode = DELETE')
    connection.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    connection.close()
    if (cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY')) {
      throw new AppError('library-locked', 'This library is open in another Manifold.', {
        cause,
        data: { path: libraryDir },
      })
    }
    throw cause
  }
  return {
    release() {
      connection.close()
    },
  }
}
