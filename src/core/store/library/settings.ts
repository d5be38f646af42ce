/** The person's settings, one row a field, defaults for the rest; and the local search history. */
import { Settings, type SettingsPatch } from '../../../shared/settings.ts'
import type { Connection } from '../open.ts'

const historyLimit = 200

export type SettingsStore = ReturnType<typeof createSettingsStore>

export function createSettingsStore(connection: Connection) {
  function get(): Settings {
    const rows = connection.prepare('SELECT key, value FROM settings').all() as {
      key: string
      value: string
    }[]
    const stored: Record<string, unknown> = {}
    for (const { key, value } of rows) {
      if (key in Settings.shape) stored[key] = JSON.parse(value)
    }
    return Settings.parse(stored)
  }

  return {
    get,

    update(patch: SettingsPatch): Settings {
      const before = get()
      const after = Settings.parse({
        ...before,
        ...patch,
        chunking: { ...before.chunking, ...patch.chunking },
      })
      connection
        .transaction(() => {
          for (const [key, value] of Object.entries(after)) {
            connection
              .prepare(
                'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
              )
              .run(key, JSON.stringify(value))
          }
          if (!after.searchHistory) connection.prepare('DELETE FROM history').run()
        })
        .immediate()
      return after
    },

    /** Engine state that must survive a restart, as 'paused'. */
    flag(key: string): boolean {
      const row = connection.prepare('SELECT value FROM settings WHERE key = ?').get(`engine.${key}`) as
        { value: string } | undefined
      return row?.value === 'true'
    },

    setFlag(key: string, on: boolean): void {
      connection
        .prepare(
          'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
        )
        .run(`engine.${key}`, on ? 'true' : 'false')
    },

    /** What the engine noted for itself, as text; null when it never did. */
    note(key: string): string | null {
      const row = connection.prepare('SELECT value FROM settings WHERE key = ?').get(`engine.${key}`) as
        { value: string } | undefined
      return row?.value ?? null
    },

    setNote(key: string, value: string): void {
      connection
        .prepare(
          'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
        )
        .run(`engine.${key}`, value)
    },

    history(): string[] {
      return (
        connection.prepare('SELECT query FROM history ORDER BY used_at DESC LIMIT ?').all(historyLimit) as {
          query: string
        }[]
      ).map((row) => row.query)
    },

    remember(query: string): void {
      connection
        .transaction(() => {
          connection
            .prepare(
              'INSERT INTO history (query, used_at) VALUES (?, ?) ON CONFLICT (query) DO UPDATE SET used_at = excluded.used_at',
            )
            .run(query, new Date().toISOString())
          connection
            .prepare(
              'DELETE FROM history WHERE query NOT IN (SELECT query FROM history ORDER BY used_at DESC LIMIT ?)',
            )
            .run(historyLimit)
        })
        .immediate()
    },

    forgetHistory(): number {
      return connection.prepare('DELETE FROM history').run().changes
    },
  }
}
