/** What people's disks and hostile callers really hold: each gets a recorded reason or a typed error, and nothing else suffers. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DocumentQuery } from '../../../src/shared/contract.ts'
import { SearchRequest } from '../../../src/shared/search.ts'
import { createEngineFixture, type EngineFixture } from '../../support/engine-fixture.ts'

const pdf = (name: string) => join(import.meta.dirname, '../../fixtures', `${name}.pdf`)
const isRoot = process.getuid?.() === 0
let fixture: EngineFixture

async function reasonOf(name: string): Promise<string | null> {
  const { documents } = await fixture.engine.documents.list(DocumentQuery.parse({ limit: 1000 }))
  const document = documents.find((one) => one.path.endsWith(`/${name}`))
  if (!document) throw new Error(`${name} is not in the library`)
  return document.reason?.code ?? null
}

beforeAll(async () => {
  fixture = await createEngineFixture()
  for (const name of [
    'encrypted',
    'damaged',
    'scanned',
    'partly-scanned',
    'garbled',
    'english',
    'chinese-gbk',
  ]) {
    copyFileSync(pdf(name), join(fixture.notes, `${name}.pdf`))
  }
  fixture.write('nothing.pdf', '')
  fixture.write('picture.pdf', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]))
  fixture.write('📚 阅读 émoji.md', '# Emoji\n\nThe heron stands in shallow water.\n')
  fixture.write('utf16.txt', Buffer.from('\ufeff这份文本用的是十六位编码，讲的是水獭。', 'utf16le'))
  // 300 MB without 300 MB of disk.
  writeFileSync(join(fixture.notes, 'huge.pdf'), '%PDF-1.7\n')
  truncateSync(join(fixture.notes, 'huge.pdf'), 300_000_000)
  mkdirSync(join(fixture.notes, 'locked'))
  fixture.write('locked/inside.md', '# Locked\n')
  if (!isRoot) chmodSync(join(fixture.notes, 'locked'), 0o000)
  await fixture.addNotes()
}, 120_000)

afterAll(async () => {
  if (!isRoot && existsSync(fixture.notes)) chmodSync(join(fixture.notes, 'locked'), 0o700)
  await fixture?.close()
})

describe('files', () => {
  it.each([
    ['encrypted.pdf', 'encrypted'],
    ['damaged.pdf', 'damaged'],
    ['scanned.pdf', 'no-text'],
    ['partly-scanned.pdf', 'partly-no-text'],
    ['garbled.pdf', 'garbled'],
    ['nothing.pdf', 'empty'],
    ['picture.pdf', 'misnamed'],
    ['huge.pdf', 'too-large'],
    ['english.pdf', null],
    ['chinese-gbk.pdf', null],
    ['📚 阅读 émoji.md', null],
    ['utf16.txt', null],
  ])('[DA2] %s is recorded as %s', async (name, reason) => {
    expect(await reasonOf(name)).toBe(reason)
  })

  it('[DA2] finds the readable ones all the same, whatever their names and encodings', async () => {
    expect((await fixture.search({ query: 'heron' })).hits[0]?.document.path).toContain('📚 阅读 émoji.md')
    expect((await fixture.search({ query: '水獭' })).hits[0]?.document.path).toContain('utf16.txt')
  })

  it('[DA2] a file that vanishes before it is read says so', async () => {
    await fixture.engine.ingest.pause()
    const path = fixture.write('fleeting.md', '# Here for a moment\n')
    await fixture.engine.local.add({ paths: [path] })
    rmSync(path)
    await fixture.engine.ingest.resume()
    await fixture.engine.idle()
    expect(await reasonOf('fleeting.md')).toBe('vanished')
  })

  it.skipIf(isRoot)('[DA2] a folder without permission is reported and stops nothing', async () => {
    const report = await fixture.engine.local.add({ paths: [fixture.notes] })
    expect(report.refused).toContainEqual({ path: join(fixture.notes, 'locked'), reason: 'unreadable' })
  })

  it('an upload cannot name a place outside the store', async () => {
    const { documentId } = await fixture.engine.uploads.receive({
      name: '..\\..\\C:\\etc/../passwd.md',
      lastModified: null,
      body: new Blob(['# Odd\n\nA cormorant dries its wings.\n']).stream(),
      signal: new AbortController().signal,
    })
    await fixture.engine.idle()
    const { document } = await fixture.engine.documents.get({ id: documentId })
    expect(document.path).toBe('etc/passwd.md')
  })

  it('an upload that breaks off leaves nothing behind', async () => {
    const before = (await fixture.engine.system.status()).documents.total
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1000))
        controller.error(new Error('the line went dead'))
      },
    })
    await expect(
      fixture.engine.uploads.receive({
        name: 'half.md',
        lastModified: null,
        body,
        signal: new AbortController().signal,
      }),
    ).rejects.toThrow()
    expect((await fixture.engine.system.status()).documents.total).toBe(before)
  })
})

describe('queries', () => {
  it.each([
    ['of 100 kB', 'otter 水獭 '.repeat(9000)],
    ['of quotes', '"""" “”“ 「」 \'\'\''],
    ['of operators', 'AND OR NOT NEAR(* ^ : - -- () {} col:x type: tag:'],
    ['of NUL bytes', 'heron\u0000\u0000 水獭'],
    ['of nothing', ''],
    ['of blanks', ' \n\t　'],
    ['of a lone surrogate', 'heron \ud83d'],
    ['of a minus', '-heron'],
  ])(
    '[SE2] %s gets an answer in every mode',
    async (_name, query) => {
      for (const mode of ['hybrid', 'keyword', 'semantic', 'exact'] as const) {
        const answer = await fixture.search({ query, mode })
        expect(answer.stage).toBe('complete')
      }
    },
    60_000,
  )

  it('still finds the words of a query with NUL bytes in it', async () => {
    expect((await fixture.search({ query: 'heron\u0000' })).hits[0]?.document.path).toContain('émoji.md')
  })

  it('refuses an unknown field in a request', () => {
    expect(SearchRequest.safeParse({ query: 'x', colour: 'red' }).success).toBe(false)
  })
})
