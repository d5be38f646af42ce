/** Reindexing from the command line, without a running engine: each command opens the library, does its part, and leaves. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCommandLine } from '../support/command-line.ts'

const command = createCommandLine('cli-reindex')
const { base, run: manifold } = command

beforeAll(async () => {
  const notes = join(base, 'notes')
  mkdirSync(notes)
  writeFileSync(join(notes, 'lease.md'), '# Lease\n\nEither party may terminate on thirty days notice.\n')
  expect((await manifold('add', notes)).code).toBe(0)
}, 90_000)

afterAll(() => command.close())

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
