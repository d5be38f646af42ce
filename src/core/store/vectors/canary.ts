/** The canary's row in vectors-*.db: fixed sentences with the vectors they had when the file was first written to [MO3]. */
import { z } from 'zod'
import type { CanaryRecord } from '../../models/canary.ts'
import type { Connection } from '../open.ts'

const Stored = z.object({
  texts: z.array(z.string()),
  /** float32, little-endian, base64. */
  vectors: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
})

/** null: none is kept, or it cannot be read, which is the same: a new one is made. */
export function readCanary(connection: Connection): CanaryRecord | null {
  const row = connection.prepare("SELECT value FROM meta WHERE key = 'canary'").pluck().get()
  if (typeof row !== 'string') return null
  try {
    const { texts, vectors, environment } = Stored.parse(JSON.parse(row))
    return {
      texts,
      vectors: vectors.map((text) => {
        const bytes = Buffer.from(text, 'base64')
        return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)))
      }),
      environment: environment as CanaryRecord['environment'],
    }
  } catch {
    return null
  }
}

/** The first one stays. */
export function keepCanary(connection: Connection, { texts, vectors, environment }: CanaryRecord): void {
  const value = JSON.stringify({
    texts,
    vectors: vectors.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
    ),
    environment,
  })
  connection.prepare("INSERT OR IGNORE INTO meta (key, value) VALUES ('canary', ?)").run(value)
}
