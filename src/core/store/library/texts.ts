/** Extracted text, once per sha256 of a file's bytes: raw blocks with anchors, compressed. Equal files share it. */
import { deflateSync, inflateSync } from 'node:zlib'
import type { ExtractedText } from '../../extract/types.ts'
import type { Connection } from '../open.ts'

export type TextStore = ReturnType<typeof createTextStore>

export function createTextStore(connection: Connection) {
  const select = connection.prepare<[string], { compressed: Buffer }>(
    'SELECT compressed FROM texts WHERE sha256 = ?',
  )
  const version = connection.prepare<[string], { extractor: string }>(
    'SELECT extractor FROM texts WHERE sha256 = ?',
  )
  const insert = connection.prepare(
    'INSERT OR REPLACE INTO texts (sha256, extractor, chars, compressed) VALUES (?, ?, ?, ?)',
  )

  return {
    extractorOf(sha256: string): string | null {
      return version.get(sha256)?.extractor ?? null
    },

    get(sha256: string): ExtractedText | null {
      const row = select.get(sha256)
      return row ? (JSON.parse(inflateSync(row.compressed).toString('utf8')) as ExtractedText) : null
    },

    putMany(texts: readonly { sha256: string; text: ExtractedText }[]): void {
      const rows = texts.map(({ sha256, text }) => ({
        sha256,
        extractor: text.extractor,
        chars: text.blocks.reduce((sum, block) => sum + block.text.length, 0),
        // Level 1: the writer must keep up with the embedder; the text is a small part of a library.
        compressed: deflateSync(JSON.stringify(text), { level: 1 }),
      }))
      connection
        .transaction(() => {
          for (const row of rows) insert.run(row.sha256, row.extractor, row.chars, row.compressed)
        })
        .immediate()
    },

    /** sha256 of the texts some document that is not removed stands on. */
    wanted(): string[] {
      return (
        connection
          .prepare(
            "SELECT DISTINCT d.sha256 FROM documents d JOIN texts t ON t.sha256 = d.sha256 WHERE d.status IN ('indexed', 'partial', 'indexing', 'queued')",
          )
          .all() as { sha256: string }[]
      ).map((row) => row.sha256)
    },

    /** sha256 of every text a document still names, removed ones with undo included: the rest may be swept. */
    referenced(): Set<string> {
      return new Set(
        (
          connection.prepare('SELECT DISTINCT sha256 FROM documents WHERE sha256 IS NOT NULL').all() as {
            sha256: string
          }[]
        ).map((row) => row.sha256),
      )
    },

    /** Drops texts no document names any more; returns their sha256. */
    sweep(): string[] {
      return connection
        .transaction(() => {
          const gone = connection
            .prepare(
              'SELECT sha256 FROM texts WHERE sha256 NOT IN (SELECT sha256 FROM documents WHERE sha256 IS NOT NULL)',
            )
            .all() as { sha256: string }[]
          for (const { sha256 } of gone) connection.prepare('DELETE FROM texts WHERE sha256 = ?').run(sha256)
          return gone.map((row) => row.sha256)
        })
        .immediate()
    },
  }
}
