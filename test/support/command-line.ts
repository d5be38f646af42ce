/** The built command line as a script uses it, on a library and a runtime folder of its own. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/core/package-layout.ts'

export interface Ran {
  code: number
  out: string
  err: string
  // Each command prints a value of its own
  json: any
}

export const bin = join(packageRoot(), 'bin', 'manifold.js')

export interface CommandLine {
  /** Holds `library` and `run`, and whatever the test puts there. */
  readonly base: string
  environment(language?: string): NodeJS.ProcessEnv
  run(...args: string[]): Promise<Ran>
  runIn(language: string, ...args: string[]): Promise<Ran>
  close(): void
}

export function createCommandLine(name: string): CommandLine {
  const base = realpathSync(mkdtempSync(join(tmpdir(), `manifold-${name}-`)))
  mkdirSync(join(base, 'run'), { mode: 0o700 })
  const environment = (language = 'en_US.UTF-8') => ({
    ...process.env,
    MANIFOLD_LIBRARY: join(base, 'library'),
    XDG_RUNTIME_DIR: join(base, 'run'),
    LANG: language,
    LC_ALL: '',
  })
  const runIn = (language: string, ...args: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      execFile(process.execPath, [bin, ...args], { env: environment(language) }, (error, out, err) => {
        let json: unknown
        try {
          json = JSON.parse(out)
        } catch {
          json = undefined
        }
        resolve({ code: error ? Number(error.code) : 0, out, err, json })
      })
    })
  return {
    base,
    environment,
    run: (...args) => runIn('en_US.UTF-8', ...args),
    runIn,
    close: () => rmSync(base, { recursive: true, force: true }),
  }
}
