import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { importModel, type ImportOptions } from '../../../src/core/models/import.ts'
import { loadModel } from '../../../src/core/models/load.ts'
import { readOrigin } from '../../../src/core/models/origin.ts'
import { unzipModel, zipLimits } from '../../../src/core/models/unzip.ts'
import { filesUnder, sha256 } from '../../support/hub-server.ts'
import { readJson, tinyModels } from '../../support/tiny-models.ts'
import { zipOf, type ZipEntry } from '../../support/zip.ts'

let base: string
let modelsDir: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'manifold-import-'))
  modelsDir = join(base, 'models')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const bring = (path: string, more: Partial<ImportOptions> = {}): Promise<string> =>
  importModel({
    path,
    modelsDir,
    taken: new Set(['manifold-static-256']),
    freeBytes: async () => 1e12,
    ...more,
  })
/** Nothing but models lies there: no half of one, no folder of the work. */
const left = (): string[] => (existsSync(modelsDir) ? readdirSync(modelsDir) : [])

function copied(id = 'tiny-mean', as = id): string {
  const folder = join(base, as)
  cpSync(join(tinyModels, id), folder, { recursive: true })
  return folder
}
const entries = (prefix = 'tiny-mean/'): ZipEntry[] =>
  [...filesUnder(join(tinyModels, 'tiny-mean'))].map(([name, bytes]) => ({ name: prefix + name, bytes }))
function zipped(list: readonly ZipEntry[], name = 'some.zip'): string {
  const path = join(base, name)
  writeFileSync(path, zipOf(list))
  return path
}

describe('importing a folder', () => {
  test('copies what makes the model, with the sha256 of each file, and nothing else', async () => {
    const folder = copied()
    writeFileSync(join(folder, 'pytorch_model.bin'), 'weights of another program')
    writeFileSync(join(folder, 'onnx', 'model_fp16.onnx'), 'another variant')
    writeFileSync(join(folder, 'README.md'), '---\nlicense: mit\nlanguage: [en]\n---\n')
    mkdirSync(join(folder, '.git'))
    writeFileSync(join(folder, '.git', 'config.json'), '{}')
    expect(await bring(folder)).toBe('tiny-mean')
    const target = join(modelsDir, 'tiny-mean')
    expect(await loadModel(target, { builtInDir: null })).toMatchObject({ pooling: ['mean'], licence: 'mit' })
    const names = [...filesUnder(target).keys()]
    expect(names).toContain('README.md')
    expect(names.filter((name) => /pytorch|fp16|git/.test(name))).toEqual([])
    const origin = (await readOrigin(target))!
    expect(origin.kind).toBe('import')
    for (const file of origin.files) {
      expect(file.sha256).toBe(sha256(readFileSync(join(target, file.path))))
    }
    // A copy: what happens to the folder later does not change what is memory-mapped here.
    expect(statSync(join(target, 'onnx/model.onnx')).ino).not.toBe(
      statSync(join(folder, 'onnx/model.onnx')).ino,
    )
    expect(left()).toEqual(['tiny-mean'])
  })

  test('takes both shapes of the pooling settings', async () => {
    await bring(copied('tiny-last-dense'))
    expect(await loadModel(join(modelsDir, 'tiny-last-dense'), { builtInDir: null })).toMatchObject({
      pooling: ['last-token'],
      dense: [{ inputs: 16, outputs: 8 }],
    })
    await bring(copied('tiny-int8'))
    expect(await loadModel(join(modelsDir, 'tiny-int8'), { builtInDir: null })).toMatchObject({
      precision: 'int8',
    })
  })

  test('takes weights beside the graph', async () => {
    await bring(copied('tiny-static'))
    expect(existsSync(join(modelsDir, 'tiny-static', 'onnx', 'table.bin'))).toBe(true)
  })

  test('takes one whose pooling nobody says: the person may say it', async () => {
    const without = copied('tiny-mean', 'without')
    rmSync(join(without, '1_Pooling'), { recursive: true })
    rmSync(join(without, 'modules.json'))
    expect(await bring(without)).toBe('without')
    const nameless = copied('tiny-mean', 'nameless')
    writeFileSync(join(nameless, '1_Pooling', 'config.json'), '{"word_embedding_dimension":16}')
    expect(await bring(nameless)).toBe('nameless')
  })

  test.skipIf(process.platform === 'win32')('follows the links of a hub client’s cache', async () => {
    const cache = join(base, 'models--org--tiny')
    const snapshot = join(cache, 'snapshots', 'c0ffee')
    mkdirSync(join(cache, 'blobs'), { recursive: true })
    for (const [name, bytes] of filesUnder(join(tinyModels, 'tiny-mean'))) {
      writeFileSync(join(cache, 'blobs', sha256(bytes)), bytes)
      mkdirSync(join(snapshot, name, '..'), { recursive: true })
      symlinkSync(join(cache, 'blobs', sha256(bytes)), join(snapshot, name))
    }
    expect(await bring(snapshot)).toBe('tiny')
    expect(statSync(join(modelsDir, 'tiny', 'config.json')).isFile()).toBe(true)
  })

  test.skipIf(process.platform === 'win32')('refuses a link to elsewhere', async () => {
    const folder = copied()
    writeFileSync(join(base, 'secret.json'), '{"key":1}')
    symlinkSync(join(base, 'secret.json'), join(folder, 'extra.json'))
    await expect(bring(folder)).rejects.toMatchObject({ code: 'model-invalid', data: { problem: 'path' } })
    expect(left()).toEqual([])
  })

  test.each<[string, string, string, (folder: string) => void]>([
    ['without config.json', 'model-invalid', 'missing-file', (f) => rmSync(join(f, 'config.json'))],
    ['without a tokenizer', 'model-invalid', 'missing-file', (f) => rmSync(join(f, 'tokenizer.json'))],
    [
      'with a graph cut short',
      'model-invalid',
      'graph',
      (f) => truncateSync(join(f, 'onnx/model.onnx'), 900),
    ],
    [
      'of another format',
      'model-invalid',
      'graph',
      (f) => writeFileSync(join(f, 'onnx/model.onnx'), 'a'.repeat(99)),
    ],
  ])('refuses one %s, and keeps nothing', async (_name, code, problem, damage) => {
    const folder = copied()
    damage(folder)
    await expect(bring(folder)).rejects.toMatchObject({ code, data: { problem } })
    expect(left()).toEqual([])
  })

  test('refuses what is not there, a name that is taken, and a disk without room', async () => {
    await expect(bring(join(base, 'nothing'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(bring(copied('tiny-mean', 'Manifold-static-256'))).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(bring(copied(), { freeBytes: async () => 0 })).rejects.toMatchObject({ code: 'disk-full' })
    await expect(bring(copied('tiny-mean', '模型'))).rejects.toMatchObject({ code: 'bad-request' })
    expect(left()).toEqual([])
  })

  test('keeps what a manifold.json says, and no claim of where it came from', async () => {
    const folder = copied()
    writeFileSync(
      join(folder, 'manifold.json'),
      JSON.stringify({ name: 'Mine', pooling: ['cls'], origin: { kind: 'download', repository: 'a/b' } }),
    )
    await bring(folder)
    const target = join(modelsDir, 'tiny-mean')
    expect(await loadModel(target, { builtInDir: null })).toMatchObject({ name: 'Mine', pooling: ['cls'] })
    expect(readJson<{ origin: object }>(target, 'manifold.json').origin).toMatchObject({
      kind: 'import',
      repository: null,
    })
  })
})

describe('importing a zip', () => {
  test('finds the model in a folder of it, or at its top', async () => {
    expect(await bring(zipped(entries()))).toBe('tiny-mean')
    expect(await bring(zipped(entries('')), { name: 'my model.zip' })).toBe('my-model')
    for (const id of ['tiny-mean', 'my-model']) {
      const target = join(modelsDir, id)
      expect(await loadModel(target, { builtInDir: null })).toMatchObject({ pooling: ['mean'] })
      expect(readFileSync(join(target, 'onnx/model.onnx'))).toEqual(
        readFileSync(join(tinyModels, 'tiny-mean', 'onnx/model.onnx')),
      )
    }
    expect(left().sort()).toEqual(['my-model', 'tiny-mean'])
  })

  test('passes over what systems leave in archives', async () => {
    const more = ['__MACOSX/tiny-mean/._config.json', 'tiny-mean/.DS_Store', '.git/HEAD'].map((name) => ({
      name,
      bytes: Buffer.from('x'),
    }))
    expect(await bring(zipped([...more, ...entries()]))).toBe('tiny-mean')
  })

  const bomb = Buffer.alloc(8_000_000)
  test.each<[string, string, (list: ZipEntry[]) => ZipEntry[]]>([
    [
      'a path that climbs',
      'zip-path',
      (list) => [...list, { name: '../../evil.json', bytes: Buffer.from('{}') }],
    ],
    [
      'an absolute path',
      'zip-path',
      (list) => [...list, { name: '/tmp/evil.json', bytes: Buffer.from('{}') }],
    ],
    ['a drive', 'zip-path', (list) => [...list, { name: 'C:/evil.json', bytes: Buffer.from('{}') }]],
    ['backslashes', 'zip-path', (list) => [...list, { name: '..\\..\\evil.json', bytes: Buffer.from('{}') }]],
    ['a device', 'zip-path', (list) => [...list, { name: 'tiny-mean/nul', bytes: Buffer.from('{}') }]],
    [
      'a link',
      'zip-link',
      (list) => [...list, { name: 'tiny-mean/README.md', bytes: Buffer.from('/etc/passwd'), mode: 0o120777 }],
    ],
    ['one name twice', 'zip-twice', (list) => [...list, { ...list[0]!, name: list[0]!.name.toUpperCase() }]],
    ['a password', 'zip-encrypted', (list) => list.map((entry) => ({ ...entry, encrypted: true }))],
    ['a bomb', 'zip-bomb', (list) => [...list, { name: 'tiny-mean/onnx/zeros.bin', bytes: bomb }]],
    [
      'a bomb that hides its size',
      'zip',
      (list) => [...list, { name: 'tiny-mean/onnx/zeros.bin', bytes: bomb, claimedBytes: 1000 }],
    ],
    [
      'a file that is shorter than it says',
      'zip',
      (list) => list.map((entry) => ({ ...entry, claimedBytes: entry.bytes.length + 5 })),
    ],
    ['a wrong checksum', 'zip', (list) => list.map((entry) => ({ ...entry, claimedCrc: 1 }))],
    ['no model', 'missing-file', (list) => list.filter(({ name }) => !name.endsWith('config.json'))],
    [
      'two models',
      'zip-many',
      (list) => [...list, ...list.map((entry) => ({ ...entry, name: `other/${entry.name.slice(10)}` }))],
    ],
  ])('refuses %s, and keeps nothing', async (_name, problem, change) => {
    const path = zipped(change(entries()))
    await expect(bring(path)).rejects.toMatchObject({ code: 'model-invalid', data: { problem } })
    expect(left()).toEqual([])
    expect(existsSync(join(base, 'evil.json'))).toBe(false)
  })

  test('refuses too many entries', async () => {
    const many = Array.from({ length: zipLimits.entries + 1 }, (_, i) => ({
      name: `f${i}`,
      bytes: Buffer.alloc(0),
    }))
    await expect(bring(zipped(many))).rejects.toMatchObject({ data: { problem: 'zip-entries' } })
  })

  test('refuses what is no zip, or one cut short', async () => {
    const whole = readFileSync(zipped(entries()))
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(0), whole.subarray(0, whole.length - 30)]) {
      const path = join(base, 'x.zip')
      writeFileSync(path, bytes)
      await expect(bring(path)).rejects.toMatchObject({ code: 'model-invalid', data: { problem: 'zip' } })
    }
  })

  test('needs room for what it holds, and stops when told', async () => {
    const path = zipped(entries())
    const target = join(base, 'target')
    mkdirSync(target)
    await expect(unzipModel(path, target, { freeBytes: 10 })).rejects.toMatchObject({ code: 'disk-full' })
    await expect(bring(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
    expect(left()).toEqual([])
  })
})
