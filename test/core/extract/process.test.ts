import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createExtractor, type Extractor } from '../../../src/core/extract/extractor-client.ts'
import type { Host } from '../../../src/core/host.ts'
import { forkHost } from './fork-host.ts'

const misbehaving = join(import.meta.dirname, 'hanging-entry.ts')
const fixtures = join(import.meta.dirname, '../../fixtures')
const open: Extractor[] = []
afterEach(async () => {
  for (const extractor of open.splice(0)) await extractor.close()
})

function start(host: Host, options: { timeoutMs?: number; memoryBytes?: number } = {}): Extractor {
  const extractor = createExtractor({ host, ...options })
  open.push(extractor)
  return extractor
}

const codes = async (extractor: Extractor, names: string[]) =>
  Object.fromEntries(
    await Promise.all(
      names.map(async (name) => {
        const result = await extractor.extract(name, 'text')
        return [name, result.ok ? 'ok' : result.reason.code] as const
      }),
    ),
  )

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('the extractor process', () => {
  it('[EX3] loses only the file that hangs, and goes on with the others in a new process', async () => {
    const host = forkHost(misbehaving)
    const extractor = start(host, { timeoutMs: 800 })
    expect(await codes(extractor, ['a', 'b', 'hang', 'c', 'sleep', 'd', 'e'])).toEqual({
      a: 'empty',
      b: 'empty',
      hang: 'timeout',
      c: 'empty',
      sleep: 'timeout',
      d: 'empty',
      e: 'empty',
    })
    expect(host.pids).toHaveLength(3)
  })

  it('[EX3] ends the process when a file makes it grow past its memory, and says so', async () => {
    const host = forkHost(misbehaving)
    const extractor = start(host, { timeoutMs: 20_000, memoryBytes: 400_000_000 })
    expect(await codes(extractor, ['a', 'grow', 'b'])).toEqual({
      a: 'empty',
      grow: 'out-of-memory',
      b: 'empty',
    })
    // Grown after another file, it was given a process of its own before it was blamed.
    expect(host.pids).toHaveLength(3)
  })

  it('[EX3] records a death of another kind, and a fault of our own, with that file only', async () => {
    const host = forkHost(misbehaving)
    const extractor = start(host)
    expect(await codes(extractor, ['a', 'die', 'b', 'throw', 'c'])).toEqual({
      a: 'empty',
      die: 'crashed',
      b: 'empty',
      throw: 'crashed',
      c: 'empty',
    })
    expect(host.pids).toHaveLength(2)
  })

  it('lets a long file finish as long as it gets on', async () => {
    const extractor = start(forkHost(misbehaving), { timeoutMs: 600 })
    expect(await codes(extractor, ['slow'])).toEqual({ slow: 'empty' })
  })

  it('says that files cannot be read when no process starts', async () => {
    const extractor = start({ ...forkHost(), spawnProcess: () => Promise.reject(new Error('no')) })
    await expect(extractor.extract('a', 'text')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('gives up a file that is no longer wanted before it began', async () => {
    const extractor = start(forkHost(misbehaving), { timeoutMs: 800 })
    const names = ['sleep', 'a', 'b', 'c']
    const first = names.map((name) => extractor.extract(name, 'text'))
    const controller = new AbortController()
    const unwanted = extractor.extract('later', 'text', controller.signal)
    controller.abort()
    await expect(unwanted).rejects.toMatchObject({ code: 'cancelled' })
    expect((await Promise.all(first)).map((result) => !result.ok && result.reason.code)).toEqual([
      'timeout',
      'empty',
      'empty',
      'empty',
    ])
  })

  it('is gone after close, and refuses more', async () => {
    const host = forkHost(misbehaving)
    const extractor = start(host)
    await extractor.extract('a', 'text')
    const waiting = extractor.extract('sleep', 'text')
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'unavailable' }), extractor.close()])
    await expect(extractor.extract('a', 'text')).rejects.toMatchObject({ code: 'unavailable' })
    await expect.poll(() => isAlive(host.pids[0]!)).toBe(false)
  })
})

describe('the real extractor process', () => {
  it('[EX1] reads files, and every broken one gets a reason without a death', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'manifold-broken-'))
    try {
      const good = readFileSync(join(fixtures, 'english.pdf'))
      let state = 1
      const random = () => (state = (state * 48271) % 2147483647) / 2147483647
      const paths: string[] = []
      for (let round = 0; round < 60; round++) {
        const bytes = new Uint8Array(
          good.subarray(0, round % 3 === 0 ? Math.floor(random() * good.length) : good.length),
        )
        for (let i = 0; i < 30; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
        paths.push(join(folder, `${round}.pdf`))
        await writeFile(paths.at(-1)!, bytes)
      }
      const host = forkHost()
      const extractor = start(host, { timeoutMs: 10_000 })
      const results = await Promise.all(
        [join(fixtures, 'chinese-gbk.pdf'), ...paths].map((path) => extractor.extract(path)),
      )
      expect(results[0]).toMatchObject({ ok: true, text: { title: '知识库的离线检索' } })
      expect(results.filter((result) => result.ok).length).toBeGreaterThan(5)
      expect(
        results.filter((result) => !result.ok && ['timeout', 'crashed'].includes(result.reason.code)),
      ).toEqual([])
      expect(host.pids).toHaveLength(1)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('reads Chinese where process.type says utility, as under Electron', async () => {
    const entry = join(import.meta.dirname, 'utility-entry.ts')
    expect(existsSync(entry)).toBe(true)
    const extractor = start(forkHost(entry))
    expect(await extractor.extract(join(fixtures, 'chinese-gbk.pdf'))).toMatchObject({
      ok: true,
      text: { title: '知识库的离线检索' },
    })
  })
})
