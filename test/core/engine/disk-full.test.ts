/** A disk that fills up while an index is built: a small file system of its own, which only root can mount (skipped elsewhere). */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '../../../src/core/engine.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { SearchRequest, type SearchUpdate } from '../../../src/shared/search.ts'

const base = mkdtempSync(join(tmpdir(), 'manifold-full-'))
const disk = join(base, 'disk')
mkdirSync(disk)

function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', disk], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const isMounted = mount()
const notes = 150
let engine: Engine

beforeAll(async () => {
  if (!isMounted) return
  const folder = join(base, 'notes')
  mkdirSync(folder)
  for (let i = 0; i < notes; i++) {
    const paragraphs = Array.from(
      { length: 30 },
      (_, p) => `Paragraph ${p} of note ${i} tells of heron ${i * 31 + p} in the reeds, 第 ${i} 篇。`,
    )
    writeFileSync(join(folder, `note-${i}.md`), `# Note ${i}\n\n${paragraphs.join('\n\n')}\n`)
  }
  engine = await createEngine({
    host: createNodeHost(),
    libraryDir: join(disk, 'library'),
    version: 'test',
    watch: false,
  })
  await engine.local.add({ paths: [folder] })
  await engine.idle()
}, 90_000)

afterAll(async () => {
  await engine?.close()
  if (isMounted) execFileSync('umount', ['-l', disk])
  rmSync(base, { recursive: true, force: true })
})

const filler = join(disk, 'filler')
/** Leaves about so much of the disk. */
function fillUpTo(leftBytes: number): void {
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes), 1))
}

async function isFound(): Promise<boolean> {
  let last: SearchUpdate | null = null
  const request = SearchRequest.parse({ query: 'heron in the reeds', mode: 'hybrid' })
  for await (const update of engine.search.run(request, new AbortController().signal)) last = update
  return last!.hits.length > 0 && !last!.notes.includes('semantic-unavailable')
}

describe.skipIf(!isMounted)('a full disk', () => {
  it.each([
    ['nearly', 700_000],
    ['wholly', 250_000],
  ])(
    '[RE2] that is %s full stops a reindex with its reason, leaves search alone, and is gone on from',
    async (_how, leftBytes) => {
      const tokens = (await engine.settings.get()).chunking.targetTokens
      fillUpTo(leftBytes)
      await engine.settings.update({ chunking: { targetTokens: tokens === 64 ? 96 : 64 } })
      await engine.idle()
      const failed = await engine.system.status()
      expect(failed.reindex).toMatchObject({ state: 'failed' })
      expect(failed.reindex!.error).toMatch(/disk is full/)
      expect(failed.live.targetTokens).toBe(tokens)
      expect(failed.documents.indexed).toBe(notes)
      expect(await isFound()).toBe(true)
      rmSync(filler)
      await engine.reindex.resume()
      await engine.idle()
      const done = await engine.system.status()
      expect(done.reindex).toBeNull()
      expect(done.live.targetTokens).not.toBe(tokens)
      expect(done.documents.indexed).toBe(notes)
      const { checks } = await engine.system.doctor()
      expect(checks.filter((check) => !check.ok && check.name !== 'disk')).toEqual([])
    },
    120_000,
  )

  it('[DA4] refuses a model whose files cannot be kept, and changes nothing', async () => {
    fillUpTo(1_000_000)
    await expect(engine.settings.update({ embeddingModel: 'manifold-context-384' })).rejects.toMatchObject({
      code: 'disk-full',
    })
    rmSync(filler)
    expect((await engine.settings.get()).embeddingModel).toBe('manifold-static-256')
    expect((await engine.system.status()).reindex).toBeNull()
    expect(await isFound()).toBe(true)
  }, 60_000)
})
