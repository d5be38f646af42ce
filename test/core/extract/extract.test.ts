import { chmod, mkdtemp, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DocumentKind } from '../../../src/shared/document.ts'
import { extractFile, extractorVersions, kindOfName, sizeLimits } from '../../../src/core/extract/extract.ts'
import { pdfResources } from './fork-host.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'manifold-extract-'))))
afterAll(() => rm(folder, { recursive: true }))

const at = (name: string) => join(folder, name)
const extract = (name: string, kindHint?: DocumentKind) =>
  extractFile({ path: at(name), kindHint, resources: { pdf: pdfResources } })

async function given(name: string, content: string | Uint8Array, kindHint?: DocumentKind) {
  await writeFile(at(name), content)
  return extract(name, kindHint)
}

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

describe('a file', () => {
  it('is what its name says', () => {
    expect(kindOfName('Paper.PDF')).toBe('pdf')
    expect(kindOfName('/notes/日记.md')).toBe('markdown')
    expect(kindOfName('C:\\notes\\a.b.qmd')).toBe('markdown')
    expect(kindOfName('notes.tar.txt')).toBe('text')
    expect(kindOfName('README')).toBe('text')
    expect(kindOfName('📚 books.json')).toBe('text')
    for (const other of ['photo.jpg', 'a', '.txt', 'main.py', 'x.docx', 'folder.md/x'])
      expect(kindOfName(other)).toBe('other')
  })

  it('says the version of its extractor, so that a newer one re-reads it', async () => {
    const result = await given('v.md', '# x')
    expect(result.ok && result.text.extractor).toBe(extractorVersions.markdown)
  })

  it.each<[string, string | Uint8Array, object]>([
    ['zero.pdf', '', { code: 'empty' }],
    ['zero.md', '', { code: 'empty' }],
    ['spaces.txt', ' \n\u3000\n', { code: 'empty' }],
    ['photo.jpg', png, { code: 'unsupported' }],
    ['pdf.md', '%PDF-1.4\nrest', { code: 'misnamed', data: { detail: 'pdf' } }],
    ['pdf.txt', '%PDF-1.4\nrest', { code: 'misnamed', data: { detail: 'pdf' } }],
    ['png.pdf', png, { code: 'misnamed', data: { detail: 'png' } }],
    ['word.pdf', 'PK\x03\x04rest', { code: 'misnamed', data: { detail: 'zip' } }],
    ['page.pdf', '<!DOCTYPE html><p>Sign in to download</p>', { code: 'misnamed', data: { detail: 'html' } }],
    ['binary.txt', Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31) & 255), { code: 'unsupported' }],
  ])('[DA2] %s has a reason: %#', async (name, content, reason) => {
    expect(await given(name, content)).toMatchObject({ ok: false, reason })
  })

  it('[DA2] too large is told by its size, without reading it', async () => {
    for (const [name, kind] of [
      ['huge.pdf', 'pdf'],
      ['huge.md', 'markdown'],
      ['huge.txt', 'text'],
    ] as const) {
      await writeFile(at(name), '%PDF-1.4')
      // A hole: 300 MB that take no disk.
      await truncate(at(name), 300_000_000)
      expect(await extract(name)).toEqual({
        ok: false,
        reason: { code: 'too-large', data: { sizeBytes: 300_000_000, limitBytes: sizeLimits[kind] } },
      })
    }
  })

  it('[DA2] gone is vanished; without permission, or no file at all, unreadable or unsupported', async () => {
    expect(await extract('never.pdf')).toEqual({ ok: false, reason: { code: 'vanished', data: {} } })
    await mkdir(at('folder.md'))
    expect(await extract('folder.md')).toMatchObject({ ok: false, reason: { code: 'unsupported' } })
    execFileSync('mkfifo', [at('pipe.txt')])
    expect(await extract('pipe.txt')).toMatchObject({ ok: false, reason: { code: 'unsupported' } })
    await symlink(at('loop.md'), at('loop.md'))
    expect(await extract('loop.md')).toMatchObject({ ok: false, reason: { code: 'unreadable' } })
    await writeFile(at('secret.md'), '# x')
    await chmod(at('secret.md'), 0)
    // Root reads everything.
    const expected = process.getuid?.() === 0 ? { ok: true } : { ok: false, reason: { code: 'unreadable' } }
    expect(await extract('secret.md')).toMatchObject(expected)
  })

  it('stored under a hash is read as what it was uploaded as', async () => {
    expect(await given('3f2a', '# Title\n\ntext', 'markdown')).toMatchObject({
      ok: true,
      text: { title: 'Title' },
    })
    expect(await given('3f2b', 'text', 'text')).toMatchObject({ ok: true, text: { kind: 'text' } })
  })

  it('may have a name of emoji, spaces and Chinese', async () => {
    expect(await given('📚 我的 笔记 (final).md', '# 书')).toMatchObject({ ok: true, text: { title: '书' } })
  })
})
