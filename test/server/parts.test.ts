import fc from 'fast-check'
import { mkdtemp, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isStale } from '../../scripts/stale.ts'
import { parseRange } from '../../src/server/files.ts'
import { defaultLibraryDir, makeRuntimeDir, newSocketPath, runtimeDirOf } from '../../src/server/runtime.ts'
import { createSessions, createSigner, sameSecret } from '../../src/server/secrets.ts'

describe('ranges', () => {
  test('reads the forms of RFC 9110', () => {
    expect(parseRange('bytes=0-4', 100)).toEqual([0, 4])
    expect(parseRange('bytes=90-', 100)).toEqual([90, 99])
    expect(parseRange('bytes=-10', 100)).toEqual([90, 99])
    expect(parseRange('bytes=-1000', 100)).toEqual([0, 99])
    expect(parseRange('bytes=50-1000', 100)).toEqual([50, 99])
    expect(parseRange('bytes=100-', 100)).toBe('unsatisfiable')
    expect(parseRange('bytes=-0', 100)).toBe('unsatisfiable')
    for (const whole of [null, 'bytes=', 'bytes=-', 'bytes=5-2', 'lines=1-2', 'bytes=0-1,5-6', 'bytes=a-b']) {
      expect(parseRange(whole, 100), String(whole)).toBeNull()
    }
  })

  test('honours If-Range only for the same file', () => {
    expect(parseRange('bytes=0-4', 100, '"a"', '"a"')).toEqual([0, 4])
    expect(parseRange('bytes=0-4', 100, '"b"', '"a"')).toBeNull()
  })

  test('never leaves the file, whatever the header', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(1000), (text, size) => {
        const range = parseRange(`bytes=${text}`, size)
        if (!Array.isArray(range)) return true
        return range[0] >= 0 && range[0] <= range[1] && range[1] < size
      }),
    )
  })
})

describe('secrets', () => {
  test('compares contents, whatever the lengths', () => {
    expect(sameSecret('abc', 'abc')).toBe(true)
    expect(sameSecret('abc', 'abcd')).toBe(false)
    expect(sameSecret('', 'abc')).toBe(false)
  })

  test('signs one document for a time', () => {
    let now = 1_000_000
    const signer = createSigner(60_000, () => now)
    const query = new URLSearchParams(signer.query(7))
    expect(signer.isValid(7, query)).toBe(true)
    expect(signer.isValid(8, query)).toBe(false)
    const later = new URLSearchParams(query)
    later.set('expires', String(now + 999_999))
    expect(signer.isValid(7, later)).toBe(false)
    now += 60_001
    expect(signer.isValid(7, query)).toBe(false)
    expect(signer.isValid(7, new URLSearchParams())).toBe(false)
  })

  test('sells each code once', () => {
    const sessions = createSessions()
    const code = sessions.newCode()
    const token = sessions.exchange(code)!
    expect(sessions.has(token)).toBe(true)
    expect(sessions.has(code)).toBe(false)
    expect(sessions.exchange(code)).toBeNull()
    expect(sessions.exchange('')).toBeNull()
  })
})

test('keeps the latest hundred codes', () => {
  const sessions = createSessions()
  const first = sessions.newCode()
  const others = Array.from({ length: 100 }, () => sessions.newCode())
  expect(sessions.exchange(first)).toBeNull()
  expect(sessions.exchange(others[0]!)).not.toBeNull()
})

describe('the runtime directory', () => {
  test('is one for every way of writing the library’s path', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'manifold-runtime-'))
    const library = join(directory, 'library')
    await mkdir(library)
    await symlink(library, join(directory, 'link'))
    const one = await runtimeDirOf(library)
    expect(await runtimeDirOf(join(directory, 'link'))).toBe(one)
    expect(await runtimeDirOf(`${library}/../library/`)).toBe(one)
    expect(await runtimeDirOf(join(directory, 'other'))).not.toBe(one)
    await rm(directory, { recursive: true })
  })

  test.skipIf(process.platform === 'win32')('gives sockets a path short enough for the kernel', async () => {
    const path = newSocketPath(await runtimeDirOf('/x'.repeat(300), {}))
    expect(Buffer.byteLength(path)).toBeLessThan(100)
  })

  test.skipIf(process.platform === 'win32')('refuses a directory that is a link to elsewhere', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'manifold-runtime-'))
    await mkdir(join(directory, 'base'))
    await symlink('/tmp', join(directory, 'base', 'id'))
    await expect(makeRuntimeDir(join(directory, 'base', 'id'))).rejects.toMatchObject({ code: 'forbidden' })
    await rm(directory, { recursive: true })
  })

  test('keeps libraries where each system keeps a person’s data', () => {
    expect(defaultLibraryDir({ MANIFOLD_LIBRARY: '/a/../b' }, 'linux')).toBe('/b')
    expect(defaultLibraryDir({ XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data/manifold/library')
    expect(defaultLibraryDir({}, 'darwin')).toContain('Application Support')
  })
})

test('a build is stale when it is missing or older than a source', async () => {
  const root = await mkdtemp(join(tmpdir(), 'manifold-stale-'))
  const write = async (path: string, seconds: number) => {
    await mkdir(join(root, path, '..'), { recursive: true })
    await writeFile(join(root, path), '')
    await utimes(join(root, path), seconds, seconds)
  }
  await write('src/core/deep/a.ts', 1000)
  expect(await isStale(root)).toBe(true)
  for (const path of ['out/main/index.js', 'out/preload/index.cjs', 'out/renderer/index.html'])
    await write(path, 2000)
  expect(await isStale(root)).toBe(false)
  await write('src/core/deep/a.ts', 3000)
  expect(await isStale(root)).toBe(true)
  await rm(root, { recursive: true })
})
