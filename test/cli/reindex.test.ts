/** Reindexing from the command line, without a running engine: each command opens the library, does its part, and leaves. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packageRoot } from '../../src/core/package-layout.ts'

let base: string

interface Ran {
  code: number
  out: string
  err: string
  // Each command prints a value of its own
  json: any
}

function manifold(...args: string[]): Promise<Ran> {
  const env = {
    ...process.env,
    MANIFOLD_LIBRARY: join(base, 'library'),
    XDG_RUNTIME_DIR: join(base, 'run'),
    LANG: 'en_US.UTF-8',
    LC_ALL: '',
  }
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(packageRoot(), 'bin', 'manifold.js'), ...args],
      { env },
      (error, out, err) => {
        let json: unknown
        try {
          json = JSON.parse(out)
        } catch {
          json = undefined
        }
        resolve({ code: error ? Number(error.code) : 0, out, err, json })
      },
    )
  })
}

beforeAll(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'manifold-cli-reindex-')))
  mkdirSync(join(base, 'run'), { mode: 0o700 })
  const notes = join(base, 'notes')
  mkdirSync(notes)
  writeFileSync(join(notes, 'lease.md'), '# Lease\n\nEither party may terminate on thirty days notice.\n')
  expect((await manifold('add', notes)).code).toBe(0)
}, 90_000)

afterAll(() => rmSync(base, { recursive: true, force: true }))

it('[RE3] switches by itself, goes back, and gives the disk of the former back', async () => {
  expect((await manifold('reindex', 'rollback')).code).toBe(1)
  const { json } = await manifold('models', 'use', 'manifold-static-128', '--json')
  expect(json.live.embeddingModel).toBe('manifold-static-128')
  const { out } = await manifold('reindex', 'status')
  expect(out).toMatch(/^live {4}manifold-static-128/)
  expect(out).toContain('next    none')
  expect(out).toMatch(/former {2}manifold-static-256, recursive, .*has 1 of 1 texts/)
  const back = await manifold('reindex', 'rollback')
  expect(back).toMatchObject({ code: 0, out: 'answering from manifold-static-256\n' })
  const dropped = await manifold('reindex', 'drop-former', '--json')
  expect(dropped.json).toMatchObject({ done: 1, former: null })
  expect(dropped.json.freedBytes).toBeGreaterThan(1000)
  expect((await manifold('reindex', 'drop-former')).out).toBe('there is no former index to drop\n')
  expect((await manifold('search', 'thirty days', '--json')).json.hits[0].document.title).toBe('Lease')
}, 120_000)

it('says so when there is nothing to pause, switch to or cancel, and what is not a command', async () => {
  expect((await manifold('reindex', 'pause')).out).toBe('nothing is being built\n')
  expect((await manifold('reindex', 'cancel')).out).toBe('there is nothing to do that to\n')
  const refused = await manifold('reindex', 'switch')
  expect(refused.code).toBe(1)
  expect(refused.err).toContain('No index waits')
  expect((await manifold('reindex', 'backwards')).code).toBe(2)
}, 120_000)
