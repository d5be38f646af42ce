import Database from 'better-sqlite3'
import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine } from '../../../src/core/engine.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { DocumentQuery } from '../../../src/shared/contract.ts'
import { createEngineFixture, type EngineFixture } from '../../support/engine-fixture.ts'

let fixture: EngineFixture

const list = async () => (await fixture.engine.documents.list(DocumentQuery.parse({}))).documents
const byName = async (name: string) => (await list()).find((document) => document.path.endsWith(name))!

beforeAll(async () => {
  fixture = await createEngineFixture()
  fixture.write(
    'lease.md',
    '# Lease\n\n## Termination\n\nEither party may terminate on thirty days notice, unless rent is in arrears.\n',
  )
  fixture.write('租房.md', '# 租房合同\n\n## 押金\n\n租期结束后十日内，房东应当把押金全部退还给租客。\n')
  fixture.write(
    'notes/blue-screen.txt',
    '电脑蓝屏之后，先记下错误代码，再进入安全模式卸载最近安装的驱动程序。\n',
  )
  fixture.write(
    'cooking.md',
    '---\ntags: [kitchen]\n---\n# Rice\n\nRinse the rice twice, then boil it for twelve minutes.\n',
  )
  fixture.write('empty.md', '')
  fixture.write('photo.jpg', new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0]))
  await fixture.addNotes()
}, 60_000)

afterAll(() => fixture?.close())

describe('adding', () => {
  it('[DA1] [DA3] indexes every readable file and counts it from the derived files', async () => {
    const { documents, chunks } = await fixture.engine.system.status()
    expect(documents).toMatchObject({ total: 6, indexed: 4, failed: 2, waiting: 0 })
    expect(chunks).toBeGreaterThanOrEqual(4)
    const report = await fixture.engine.system.doctor()
    expect(report.checks.filter((check) => !check.ok)).toEqual([])
  })

  it('[DA2] records a reason for what cannot be read, and finds it by name all the same', async () => {
    expect((await byName('empty.md')).reason?.code).toBe('empty')
    expect((await byName('photo.jpg')).reason?.code).toBe('unsupported')
    const { names } = await fixture.search({ query: 'photo' })
    expect(names.map((name) => name.path)).toContain(join(fixture.notes, 'photo.jpg'))
  })

  it('changes nothing when the same folder is added again', async () => {
    const report = await fixture.engine.local.add({ paths: [fixture.notes] })
    expect(report.documents).toBe(2) // the two that failed are tried once more
    expect(report.unchanged).toBe(4)
    await fixture.engine.idle()
    expect((await fixture.engine.system.status()).documents.total).toBe(6)
  })

  it('hides a file that is gone from its folder, and shows it again when it is back', async () => {
    const path = fixture.write('comes-and-goes.md', '# Tide\n\nThe causeway floods twice a day.\n')
    const at = new Date(1_700_000_000_000)
    utimesSync(path, at, at)
    await fixture.addNotes()
    rmSync(path)
    await fixture.rescan()
    expect((await fixture.search({ query: 'causeway' })).hits.filter((hit) => hit.scores.keyword)).toEqual([])
    fixture.write('comes-and-goes.md', '# Tide\n\nThe causeway floods twice a day.\n')
    utimesSync(path, at, at)
    await fixture.rescan()
    expect((await fixture.search({ query: 'causeway' })).hits[0]?.document.path).toBe(path)
    rmSync(path)
    await fixture.rescan()
  })

  it('refuses what is not there, with a reason', async () => {
    const report = await fixture.engine.local.add({ paths: [join(fixture.notes, 'nothing-here.md')] })
    expect(report.refused).toEqual([{ path: join(fixture.notes, 'nothing-here.md'), reason: 'vanished' }])
  })

  it('reads a changed file again and keeps its document', async () => {
    const before = await byName('cooking.md')
    const path = fixture.write('cooking.md', '# Rice\n\nSteam the jasmine rice with a pandan leaf.\n')
    utimesSync(path, new Date(), new Date(Date.now() + 5000))
    await fixture.addNotes()
    const { hits } = await fixture.search({ query: 'pandan' })
    expect(hits[0]?.document.id).toBe(before.id)
    expect((await fixture.search({ query: 'twelve minutes', mode: 'exact' })).hits).toEqual([])
  })

  it('keeps an uploaded file under its hash, and the same bytes change nothing', async () => {
    const upload = () =>
      fixture.engine.uploads.receive({
        name: 'inbox/../上传.md',
        lastModified: 1_700_000_000_000,
        body: new Blob(['# 上传\n\n通过浏览器上传的一篇笔记，讲的是珊瑚礁。\n']).stream(),
        signal: new AbortController().signal,
      })
    const first = await upload()
    expect(first.unchanged).toBe(false)
    await fixture.engine.idle()
    expect(await upload()).toEqual({ documentId: first.documentId, unchanged: true })
    const { hits } = await fixture.search({ query: '珊瑚礁' })
    expect(hits[0]?.document).toMatchObject({ id: first.documentId, path: 'inbox/上传.md' })
  })
})

describe('searching', () => {
  it('[SE1] finds Chinese by a word of two characters, with every stage in the hit [SE4]', async () => {
    const { hits } = await fixture.search({ query: '押金' })
    const [hit] = hits
    expect(hit?.document.path).toBe(join(fixture.notes, '租房.md'))
    expect(hit?.chunk.headings[0]).toBe('租房合同')
    expect(hit?.scores.keyword?.rank).toBe(1)
    expect(hit?.scores.semantic).not.toBeNull()
    expect(hit?.scores.rerank).not.toBeNull()
    expect(hit?.marks.map(([start, end]) => hit.chunk.text.slice(start, end))).toContain('押金')
  })

  it('locates a passage by its lines [EX1]', async () => {
    const { hits } = await fixture.search({ query: 'terminate notice' })
    const hit = hits[0]!
    const location = await fixture.engine.search.locate({
      chunkId: hit.chunk.id,
      documentId: hit.document.id,
    })
    expect(location.lineStart).toBeLessThanOrEqual(5)
    expect(location.lineEnd).toBeGreaterThanOrEqual(5)
    const content = await fixture.engine.documents.content({ id: hit.document.id })
    expect(content.source).toContain('thirty days notice')
    expect(content.blocks.some((block) => block.text.includes('thirty days notice'))).toBe(true)
  })
})

describe('removing', () => {
  it('hides a document at once, brings it back on undo, and its folder does not add it again', async () => {
    const document = await byName('lease.md')
    await fixture.engine.documents.remove({ ids: [document.id] })
    expect(
      (await fixture.search({ query: 'terminate notice' })).hits.map((hit) => hit.document.id),
    ).not.toContain(document.id)
    await fixture.engine.documents.restore({ ids: [document.id] })
    await fixture.engine.idle()
    expect((await fixture.search({ query: 'terminate notice' })).hits[0]?.document.id).toBe(document.id)
  })

  it('[DA5] forgets without a trace in any file of the library', async () => {
    const path = fixture.write(
      'secret.md',
      '# Secret\n\nThe xylophone password is tangerine-octopus-4417 and nobody knows.\n',
    )
    await fixture.addNotes()
    const { id } = await byName('secret.md')
    rmSync(path)
    const report = await fixture.engine.documents.forget({ ids: [id] })
    expect(report).toMatchObject({ done: 1, traces: [] })
    expect(report.searched).toContain('library.db')
    expect((await fixture.search({ query: 'xylophone' })).hits.filter((hit) => hit.scores.keyword)).toEqual(
      [],
    )
  }, 30_000)
})

describe('another model or chunking', () => {
  it('[RE1] builds the new index beside the live one, answers meanwhile, and switches when complete', async () => {
    const before = await fixture.engine.system.status()
    const { reindexStarted } = await fixture.engine.settings.update({ embeddingModel: 'manifold-static-128' })
    expect(reindexStarted).toBe(true)
    expect((await fixture.search({ query: '押金' })).hits[0]?.document.path).toContain('租房.md')
    await fixture.engine.idle()
    const after = await fixture.engine.system.status()
    expect(after.live).toMatchObject({ embeddingModel: 'manifold-static-128', dimensions: 128 })
    expect(after.live.space).not.toBe(before.live.space)
    expect(after.documents).toEqual(before.documents)
    expect(after.reindex).toBeNull()
    const { hits } = await fixture.search({ query: '押金' })
    expect(hits[0]?.scores.semantic).not.toBeNull()
    // The former is kept beside it, over the same chunks.
    const derived = readdirSync(fixture.libraryDir).filter((name) => /^(index|vectors)-.*\.db$/.test(name))
    expect(derived.filter((name) => name.startsWith('vectors-'))).toHaveLength(2)
    expect(derived.filter((name) => name.startsWith('index-'))).toHaveLength(1)
    expect(after.former).toMatchObject({ embeddingModel: 'manifold-static-256', usable: true })
  }, 30_000)

  it('cuts anew with another chunking, and a cancelled build leaves the live one', async () => {
    await fixture.engine.settings.update({ chunking: { strategy: 'fixed', targetTokens: 64 } })
    await fixture.engine.idle()
    expect((await fixture.engine.system.status()).live.strategy).toBe('fixed')
    await fixture.engine.settings.update({ chunking: { strategy: 'semantic' } })
    await fixture.engine.reindex.cancel()
    await fixture.engine.idle()
    const status = await fixture.engine.system.status()
    expect(['fixed', 'semantic']).toContain(status.live.strategy)
    expect(status.reindex).toBeNull()
    expect(status.documents.waiting).toBe(0)
  }, 30_000)

  it('refuses a model that is not there before it changes anything', async () => {
    await expect(fixture.engine.settings.update({ embeddingModel: 'no-such-model' })).rejects.toMatchObject({
      code: 'model-missing',
    })
    expect((await fixture.engine.settings.get()).embeddingModel).toBe('manifold-static-128')
  })
})

describe('the library', () => {
  it('finds everything again after a restart', async () => {
    await fixture.restart()
    expect((await fixture.search({ query: '押金' })).hits[0]?.document.path).toContain('租房.md')
  })

  it('is held by one engine at a time', async () => {
    await expect(
      createEngine({ host: createNodeHost(), libraryDir: fixture.libraryDir, version: 'test', watch: false }),
    ).rejects.toMatchObject({ code: 'library-locked' })
  })

  it('rebuilds derived files that were deleted', async () => {
    await fixture.engine.close()
    for (const name of readdirSync(fixture.libraryDir)) {
      if (/^(index|vectors)-/.test(name)) rmSync(join(fixture.libraryDir, name))
    }
    await fixture.restart()
    await fixture.engine.idle()
    const status = await fixture.engine.system.status()
    expect(status.documents.waiting).toBe(0)
    expect((await fixture.search({ query: '押金' })).hits[0]?.document.path).toContain('租房.md')
  }, 30_000)

  it('[DA4] of a newer version is refused and left untouched', async () => {
    await fixture.engine.close()
    const path = join(fixture.libraryDir, 'library.db')
    const raw = new Database(path)
    const version = raw.pragma('user_version', { simple: true }) as number
    raw.pragma('user_version = 999')
    raw.close()
    await expect(
      createEngine({ host: createNodeHost(), libraryDir: fixture.libraryDir, version: 'test', watch: false }),
    ).rejects.toMatchObject({ code: 'library-newer' })
    const again = new Database(path)
    expect(again.pragma('user_version', { simple: true })).toBe(999)
    again.pragma(`user_version = ${version}`)
    again.close()
    await fixture.restart()
    expect(existsSync(path)).toBe(true)
  })
})
