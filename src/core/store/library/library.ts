/**
 * library.db: the truth [DA1]. Sources, documents, extracted text, the queue, settings, and which index is live.
 * Written by the engine's library thread and by the indexer; SQLite's own locks keep them apart.
 */
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase, type Connection } from '../open.ts'
import { createDocumentStore, type DocumentStore } from './documents.ts'
import { createQueueStore, type QueueStore } from './queue.ts'
import { libraryMigrations } from './schema.ts'
import { createSettingsStore, type SettingsStore } from './settings.ts'
import { createSourceStore, type SourceStore } from './sources.ts'
import { createTargetStore, type TargetStore } from './targets.ts'
import { createTextStore, type TextStore } from './texts.ts'

export interface Library {
  readonly documents: DocumentStore
  readonly sources: SourceStore
  readonly queue: QueueStore
  readonly texts: TextStore
  readonly targets: TargetStore
  readonly settings: SettingsStore
  /** Runs `work` in one transaction; those inside become savepoints. One fsync instead of many. */
  transaction<T>(work: () => T): T
  /** null when sound, else what is wrong. */
  check(): string | null
  /** Folds the write-ahead log into the file, so that freed pages are overwritten on disk. */
  checkpoint(): void
  /** Merges the name index, so that deleted names leave its pages. */
  optimizeNames(): void
  close(): void
}

export const libraryFileName = 'library.db'

/** `nameTokens`: see DocumentStore. The file is copied aside before a migration [DA4]. */
export function openLibrary(
  directory: string,
  options: { nameTokens(text: string): string; readonly?: boolean },
): Library {
  const path = join(directory, libraryFileName)
  const connection: Connection = openDatabase(path, {
    readonly: options.readonly ?? false,
    synchronous: 'FULL',
    migrations: libraryMigrations,
    beforeMigration(open, version) {
      open.pragma('wal_checkpoint(TRUNCATE)')
      const copy = `${path}.before-${version}`
      if (!existsSync(copy)) copyFileSync(path, copy)
    },
  })
  return {
    documents: createDocumentStore(connection, options.nameTokens),
    sources: createSourceStore(connection),
    queue: createQueueStore(connection),
    texts: createTextStore(connection),
    targets: createTargetStore(connection),
    settings: createSettingsStore(connection),
    transaction: (work) => connection.transaction(work).immediate(),
    check() {
      const rows = connection.pragma('integrity_check(3)') as { integrity_check: string }[]
      const faults = rows.map((row) => row.integrity_check).filter((text) => text !== 'ok')
      return faults.length > 0 ? faults.join('; ') : null
    },
    checkpoint() {
      connection.pragma('wal_checkpoint(TRUNCATE)')
    },
    optimizeNames() {
      connection.exec("INSERT INTO names (names) VALUES ('optimize')")
    },
    close() {
      connection.close()
    },
  }
}
