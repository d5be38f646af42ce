import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fingerprint } from '../../../src/core/files/fingerprint.ts'
import { checkPlace, isConnected, volumeOf } from '../../../src/core/files/volume.ts'
import { countFiles, walk, type Refused, type WalkedFile } from '../../../src/core/files/walk.ts'
import { rescan, watchFolder, type KnownFile } from '../../../src/core/files/watch.ts'

let root: string
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'manifold-files-'))))
afterEach(() => rm(root, { recursive: true, force: true }))

async function put(path: string, content = 'x'): Promise<string> {
  const full = join(root, path)
  await mkdir(dirname(full), { recursive: true })
  await writeFile(full, content)
  return full
}

async function walked(): Promise<(WalkedFile | Refused)[]> {
  const found = []
  for await (const file of walk(root)) found.push(file)
  return found
}
const paths = async () => (await walked()).map((file) => file.relativePath).sort()

describe('walking a folder', () => {
  it('gives files with size and time, at any depth and under any name', async () => {
    await put('a.md', 'four')
    await put('深/更深/📚 笔记.md')
    const files = await walked()
    expect(files.map((file) => file.relativePath)).toEqual(['a.md', '深/更深/📚 笔记.md'])
    expect(files[0]).toMatchObject({ ok: true, path: join(root, 'a.md'), kind: 'markdown', sizeBytes: 4 })
    expect(Math.abs((files[0] as WalkedFile).mtimeMs - Date.now())).toBeLessThan(60_000)
  })

  it('leaves out hidden and system files and programs’ own folders', async () => {
    for (const name of [
      '.git/config',
      '.obsidian/app.json',
      'node_modules/a/readme.md',
      '.hidden.md',
      'Thumbs.db',
      '~$paper.docx',
      'x.tmp',
      '.DS_Store',
      '$RECYCLE.BIN/a.pdf',
      'Mail.app/a.txt',
    ]) {
      await put(name)
    }
    await put('kept/a.pdf')
    expect(await paths()).toEqual(['kept/a.pdf'])
  })

  it('obeys .manifoldignore as git does, the innermost first', async () => {
    await put('.manifoldignore', '*.log\n/drafts/\n!keep.log\n')
    for (const name of [
      'a.log',
      'keep.log',
      'drafts/a.md',
      'sub/drafts/b.md',
      'sub/c.log',
      'inner/d.md',
      'inner/e.log',
    ])
      await put(name)
    await put('inner/.manifoldignore', 'd.md\n!e.log\n')
    expect(await paths()).toEqual(['inner/e.log', 'keep.log', 'sub/drafts/b.md'])
  })

  it('follows no symbolic link: neither out nor in circles', async () => {
    await put('a.md')
    await symlink(root, join(root, 'circle'))
    await symlink('/etc', join(root, 'out'))
    await symlink(join(root, 'a.md'), join(root, 'link.md'))
    expect(await paths()).toEqual(['a.md'])
  })

  it('reports a folder it may not read and goes on', async () => {
    await put('a.md')
    await put('secret/b.md')
    await put('z.md')
    await chmod(join(root, 'secret'), 0)
    await chmod(root, 0o755)
    // Root may read everything, so it becomes nobody for a moment.
    const isRoot = process.getuid?.() === 0
    try {
      if (isRoot) process.seteuid!(65534)
      const files = await walked()
      expect(files.map((file) => [file.relativePath, file.ok || file.reason])).toEqual([
        ['a.md', true],
        ['z.md', true],
        ['secret', 'unreadable'],
      ])
    } finally {
      if (isRoot) process.seteuid!(0)
      await chmod(join(root, 'secret'), 0o755)
    }
  })

  it('takes a single file, says when it is gone, and stops when told', async () => {
    const file = await put('a.pdf')
    const found = []
    for await (const one of walk(file)) found.push(one)
    for await (const one of walk(join(root, 'gone'))) found.push(one)
    expect(found).toMatchObject([
      { ok: true, relativePath: 'a.pdf', kind: 'pdf' },
      { ok: false, reason: 'vanished' },
    ])
    const aborted = walk(root, { signal: AbortSignal.abort() }).next()
    await expect(aborted).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('leaves out folders it is told to, and files online only by their placeholder', async () => {
    await put('library/index.txt')
    await put('.Paper.pdf.icloud')
    const found = []
    for await (const one of walk(root, { skip: [join(root, 'library')] })) found.push(one)
    expect(found).toMatchObject([{ ok: false, relativePath: 'Paper.pdf', reason: 'online-only' }])
  })

  it('counts by type before anything is read', async () => {
    for (const name of ['a.md', 'b.md', 'c.pdf', 'd.txt', 'e.jpg']) await put(name)
    expect(await countFiles(root)).toMatchObject({
      files: 5,
      sizeBytes: 5,
      byKind: { markdown: 2, pdf: 1, text: 1, other: 1 },
      refused: [],
    })
  })
})

describe('a fingerprint', () => {
  it('is the sha256 of the bytes', async () => {
    const content = 'x'.repeat(3_000_000)
    const sha256 = createHash('sha256').update(content).digest('hex')
    expect(await fingerprint(await put('a', content))).toMatchObject({
      ok: true,
      sha256,
      sizeBytes: 3_000_000,
    })
    expect(await fingerprint(await put('b', ''))).toMatchObject({ ok: true, sizeBytes: 0 })
  })

  it('[DA2] of what is gone, a link, a folder or a pipe is a reason', async () => {
    expect(await fingerprint(join(root, 'gone'))).toMatchObject({ ok: false, reason: { code: 'vanished' } })
    await symlink(await put('a'), join(root, 'link'))
    expect(await fingerprint(join(root, 'link'))).toMatchObject({ ok: false, reason: { code: 'unreadable' } })
    expect(await fingerprint(root)).toMatchObject({ ok: false, reason: { code: 'unsupported' } })
    execFileSync('mkfifo', [join(root, 'pipe')])
    expect(await fingerprint(join(root, 'pipe'))).toMatchObject({
      ok: false,
      reason: { code: 'unsupported' },
    })
  })

  it('of a file that keeps changing is refused; of one that changed once it is of the new bytes', async () => {
    const path = await put('a', 'x'.repeat(4_000_000))
    let appends = 0
    const timer = setInterval(() => appends++ < 1 && appendFileSync(path, 'more'), 0)
    const once = await fingerprint(path)
    clearInterval(timer)
    expect(once.ok && [4_000_000, 4_000_004].includes(once.sizeBytes)).toBe(true)
    const always = setInterval(() => appendFileSync(path, 'more'), 0)
    expect(await fingerprint(path)).toMatchObject({
      ok: false,
      reason: { code: 'unreadable', data: { detail: 'still being written' } },
    })
    clearInterval(always)
  })

  it('stops when told', async () => {
    await expect(fingerprint(await put('a'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    })
  })
})

describe('where a path lies', () => {
  it('is on this computer for a temporary folder, existing or not', () => {
    expect(checkPlace(root)).toEqual({ ok: true })
    expect(checkPlace(join(root, 'not', 'yet', 'there'))).toEqual({ ok: true })
  })

  it.each([
    'OneDrive - Firm',
    'Dropbox',
    'Google Drive',
    '坚果云',
    'Nextcloud',
    'iCloudDrive',
    'BaiduSyncdisk',
  ])('is a cloud folder below %s', async (name) => {
    await mkdir(join(root, name))
    expect(checkPlace(join(root, name, 'library'))).toEqual({ ok: false, why: 'cloud', detail: name })
  })

  it('is a cloud folder where a syncing program left its mark', async () => {
    await put('shared/.stfolder/x')
    expect(checkPlace(join(root, 'shared', 'library'))).toMatchObject({ ok: false, why: 'cloud' })
    expect(checkPlace(root)).toEqual({ ok: true })
  })

  it('[DA6] is not connected when it is gone, or when another volume stands there', async () => {
    const { id } = volumeOf(root)
    expect(id).not.toBe('')
    expect(await isConnected(root, id)).toBe(true)
    expect(await isConnected(root, null)).toBe(true)
    expect(await isConnected(root, 'uuid:another')).toBe(false)
    expect(await isConnected(join(root, 'gone'), null)).toBe(false)
  })
})

describe('watching a folder', () => {
  it('tells once of files that were added, changed and removed, and of none that do not count', async () => {
    await put('old.md')
    const told: string[] = []
    const watcher = watchFolder(root, (changed) => void told.push(...(changed ?? ['many'])), { quietMs: 50 })
    await watcher.ready
    await put('new.md')
    await put('.git/x')
    await put('sub/deep.md')
    await expect
      .poll(() => told.map((path) => path.slice(root.length + 1)), { timeout: 10_000 })
      .toEqual(expect.arrayContaining(['new.md', 'sub/deep.md']))
    await rm(join(root, 'old.md'))
    await expect.poll(() => told.includes(join(root, 'old.md')), { timeout: 10_000 }).toBe(true)
    expect(told.filter((path) => path.includes('.git'))).toEqual([])
    await watcher.close()
    const before = told.length
    await put('after.md')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(told).toHaveLength(before)
  })

  it('a folder that is not there kills nothing', async () => {
    const watcher = watchFolder(join(root, 'gone'), () => {})
    await new Promise((resolve) => setTimeout(resolve, 100))
    await watcher.close()
  })

  const known = async () =>
    new Map<string, KnownFile>(
      (await walked()).filter((file) => file.ok).map((file) => [file.relativePath, file]),
    )

  it('a rescan finds what was added, changed, moved and removed', async () => {
    for (const name of ['same.md', 'changed.md', 'touched.md', 'removed.md', 'moved.md']) await put(name)
    const before = await known()
    await put('changed.md', 'other size')
    await utimes(join(root, 'touched.md'), new Date(), new Date(Date.now() + 10_000))
    await rm(join(root, 'removed.md'))
    await rename(join(root, 'moved.md'), join(root, 'there.md'))
    const { added, changed, removed, refused } = await rescan(root, before)
    expect(added.map((file) => file.relativePath)).toEqual(['there.md'])
    expect(changed.map((file) => file.relativePath)).toEqual(['changed.md', 'touched.md'])
    expect(removed.sort()).toEqual(['moved.md', 'removed.md'])
    expect(refused).toEqual([])
  })

  it('[DA6] a rescan of a folder that is gone removes nothing', async () => {
    await put('a.md')
    const before = await known()
    await rm(root, { recursive: true })
    expect(await rescan(root, before)).toMatchObject({
      added: [],
      changed: [],
      removed: [],
      refused: [{ folder: true }],
    })
  })
})
