import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  doneBytes,
  filesOf,
  isSafePath,
  planDownload,
  readPlan,
  totalBytes,
  writePlan,
} from '../../../src/core/models/download-plan.ts'
import type { DownloadPlan } from '../../../src/core/models/download-plan.ts'
import { fetchFiles } from '../../../src/core/models/download.ts'
import { DownloadableModel, knownFields } from '../../../src/core/models/downloadable.ts'
import { createHub, type Hub } from '../../../src/core/models/hub.ts'
import type { ModelSource } from '../../../src/shared/models.ts'
import { filesUnder, sha256, startHub, type HubServer } from '../../support/hub-server.ts'
import { tinyModels } from '../../support/tiny-models.ts'

const graph = 'onnx/model.onnx'
const model = DownloadableModel.parse({
  id: 'tiny-static',
  name: 'Tiny',
  repository: 'org/tiny-static',
  task: 'embedding',
  type: 'static embedding',
  dimensions: 16,
  maxTokens: 32,
  languages: ['en'],
  licence: 'MIT',
  nonCommercial: false,
  slow: false,
  parameters: 100,
  pooling: ['mean'],
  prompts: { query: '', document: '' },
  sizeBytes: 1000,
  graphs: ['onnx/none.onnx', graph],
  files: ['config.json', 'tokenizer.json'],
  optional: ['1_Pooling/config.json', 'README.md'],
  known: Object.fromEntries(knownFields.map((field) => [field, 'memory'])),
})

let server: HubServer
let folder: string
let requests: number

beforeEach(async () => {
  server = await startHub(model.repository, filesUnder(join(tinyModels, 'tiny-static')))
  folder = mkdtempSync(join(tmpdir(), 'manifold-download-'))
  requests = 0
})
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const custom = (): Hub =>
  createHub({ source: 'custom', mirror: server.address, onRequest: () => void requests++ })
/** A public source, whose address is answered by the local server. */
const elsewhere = (source: ModelSource, asked: string[] = []): Hub =>
  createHub({
    source,
    mirror: '',
    onRequest: () => {},
    fetch: (url, init) => {
      asked.push(String(url))
      const { pathname, search } = new URL(String(url))
      return fetch(server.address + pathname + search, init)
    },
  })
const never = new AbortController().signal

async function planned(hub = custom()): Promise<DownloadPlan> {
  const plan = planDownload(model, await hub.record(model.repository, never), hub)
  await writePlan(folder, plan)
  return plan
}
const bring = (plan: DownloadPlan, more: Partial<Parameters<typeof fetchFiles>[0]> = {}): Promise<void> =>
  fetchFiles({
    folder,
    plan,
    hub: custom(),
    signal: never,
    onProgress: () => server.arrived(),
    waitsMs: [1, 1, 1],
    freeBytes: async () => 1e12,
    ...more,
  })
const at = (path: string): string => join(folder, model.id, path)
const isWhole = (plan: DownloadPlan): void => {
  for (const file of plan.files.filter(({ wanted }) => wanted)) {
    expect(sha256(readFileSync(at(file.path))), file.path).toBe(sha256(server.files.get(file.path)!))
    expect(file.sha256).toBe(sha256(server.files.get(file.path)!))
    expect(existsSync(at(`${file.path}.part`))).toBe(false)
  }
}
const asked = (part: string) => server.requests.filter(({ url }) => decodeURIComponent(url).includes(part))

describe('a download', () => {
  test('brings the files the catalogue names and the data the graph names, at the commit, checked by hash', async () => {
    server.files.set('pytorch_model.bin', Buffer.alloc(100))
    const plan = await planned()
    expect(plan.revision).toBe(server.revision)
    expect(plan.graph).toBe(graph)
    const seen: number[] = []
    await bring(plan, { onProgress: ({ doneBytes: done }) => seen.push(done) })
    isWhole(plan)
    expect(
      plan.files
        .filter(({ wanted }) => wanted)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['1_Pooling/config.json', 'config.json', graph, 'onnx/table.bin', 'tokenizer.json'].sort())
    expect(seen.at(-1)).toBe(totalBytes(plan))
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen)
    expect(asked('/resolve/').every(({ url }) => url.includes(`/resolve/${server.revision}/`))).toBe(true)
    expect(asked('pytorch')).toEqual([])
    expect(requests).toBe(server.requests.length)
  })

  test('reads a list of several pages, whatever host a mirror says the next one is on', async () => {
    server.pageSize = 2
    server.nextOrigin = 'https://huggingface.co'
    const { files } = await custom().record(model.repository, never)
    expect(files.length).toBe(server.files.size)
    expect(asked('/tree/').length).toBeGreaterThan(2)
  })

  test.each(['huggingface', 'hf-mirror'] as const)('asks %s at its own routes', async (source) => {
    const urls: string[] = []
    const hub = elsewhere(source, urls)
    const plan = await planned(hub)
    await bring(plan, { hub })
    isWhole(plan)
    const host = source === 'huggingface' ? 'https://huggingface.co' : 'https://hf-mirror.com'
    expect(urls[0]).toBe(`${host}/api/models/${model.repository}/revision/main`)
    expect(urls.every((url) => url.startsWith(`${host}/`))).toBe(true)
  })

  test('asks ModelScope at its own routes', async () => {
    const urls: string[] = []
    const hub = elsewhere('modelscope', urls)
    const plan = await planned(hub)
    await bring(plan, { hub })
    isWhole(plan)
    expect(urls[0]).toBe(
      `https://www.modelscope.cn/api/v1/models/${model.repository}/repo/files?Revision=master&Recursive=true`,
    )
    expect(urls).toContain(`https://www.modelscope.cn/models/${model.repository}/resolve/master/config.json`)
  })

  test('goes on at another source with the same hashes', async () => {
    const plan = await planned()
    server.fault(graph, { kind: 'drop', afterBytes: 300 })
    await expect(bring(plan, { waitsMs: [] })).rejects.toMatchObject({ data: { problem: 'short' } })
    const { size } = statSync(at(`${graph}.part`))
    expect(size).toBe(300)
    await bring(plan, { hub: elsewhere('modelscope') })
    isWhole(plan)
    // Another host's entity tag would be a guess: the hash decides.
    const resumed = asked('/cdn/').find(({ headers }) => headers.range === 'bytes=300-')!
    expect(resumed.headers['if-range']).toBeUndefined()
  })

  test('sends no token and no cookie, to the hub or where it points', async () => {
    await bring(await planned())
    for (const { headers } of server.requests) {
      expect(headers.authorization).toBeUndefined()
      expect(headers.cookie).toBeUndefined()
      expect(headers['accept-encoding']).toBe('identity')
    }
  })
})

describe('a connection that breaks', () => {
  test('is taken up where it broke, again and again, for the same bytes only', async () => {
    const plan = await planned()
    server.fault(graph, { kind: 'drop', afterBytes: 100 }, { kind: 'drop', afterBytes: 200 })
    await bring(plan)
    isWhole(plan)
    const ranges = asked('/cdn/onnx/model.onnx').map(({ headers }) => headers.range)
    expect(ranges).toEqual([undefined, 'bytes=100-', 'bytes=300-'])
    expect(asked('/cdn/onnx/model.onnx')[1]!.headers['if-range']).toMatch(/^"/)
  })

  test('begins again when the file at the hub is another (If-Range)', async () => {
    const plan = await planned()
    server.fault(graph, { kind: 'drop', afterBytes: 100 })
    await expect(bring(plan, { waitsMs: [] })).rejects.toMatchObject({ code: 'unavailable' })
    server.newTags()
    await bring(plan)
    isWhole(plan)
  })

  test('begins again when the hub ignores the range', async () => {
    const plan = await planned()
    server.fault(graph, { kind: 'drop', afterBytes: 100 }, { kind: 'ignore-range' })
    await bring(plan)
    isWhole(plan)
  })

  test('begins again when a part turns out to be of other bytes', async () => {
    const plan = await planned()
    server.wrong.set(graph, Buffer.alloc(server.files.get(graph)!.length, 7))
    server.fault(graph, { kind: 'drop', afterBytes: 100 })
    await expect(bring(plan, { waitsMs: [] })).rejects.toMatchObject({ code: 'unavailable' })
    server.wrong.clear()
    await bring(plan)
    isWhole(plan)
    expect(asked('/cdn/onnx/model.onnx').map(({ headers }) => headers.range)).toEqual([
      undefined,
      'bytes=100-',
      undefined,
    ])
  })

  test('is given up when it stays silent', async () => {
    const plan = await planned()
    server.fault(graph, { kind: 'stall', afterBytes: 50 })
    await bring(plan, { stallMs: 1_000 })
    isWhole(plan)
  })

  test('fails in the end, and keeps what has come', async () => {
    const plan = await planned()
    server.fault(graph, ...Array.from({ length: 4 }, () => ({ kind: 'drop' as const, afterBytes: 100 })))
    await expect(bring(plan)).rejects.toMatchObject({
      code: 'unavailable',
      data: { problem: 'short', file: graph },
    })
    expect(await doneBytes(folder, (await readPlan(folder))!)).toBe(400)
  })

  test('is tried again after 429 and 500', async () => {
    const plan = await planned()
    server.fault(
      'config.json',
      { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
      { kind: 'status', status: 500 },
    )
    await bring(plan)
    isWhole(plan)
  })

  test('waits as long as the hub asks', async () => {
    const plan = await planned()
    server.fault('config.json', { kind: 'status', status: 503, headers: { 'retry-after': '1' } })
    const start = performance.now()
    await bring(plan)
    expect(performance.now() - start).toBeGreaterThan(950)
  })

  test('that cannot be made says which host', async () => {
    await server.close()
    await expect(custom().record(model.repository, never)).rejects.toMatchObject({
      code: 'unavailable',
      data: { problem: 'network', host: new URL(server.address).host },
    })
  })
})

describe('what is not the file is refused', () => {
  const length = () => server.files.get(graph)!.length
  test.each<[string, string, string, () => void]>([
    [
      'other bytes of the right size',
      'model-invalid',
      'hash',
      () => server.wrong.set(graph, Buffer.alloc(length(), 1)),
    ],
    [
      'a file that is longer',
      'model-invalid',
      'size',
      () => server.wrong.set(graph, Buffer.alloc(length() + 1, 1)),
    ],
    [
      'a file that is shorter',
      'model-invalid',
      'size',
      () => server.wrong.set(graph, Buffer.alloc(length() - 1, 1)),
    ],
    [
      'a Git LFS pointer',
      'model-invalid',
      'lfs-pointer',
      () =>
        server.wrong.set(
          graph,
          Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
        ),
    ],
    [
      'a web page that says so',
      'model-invalid',
      'html-page',
      () =>
        server.fault(graph, {
          kind: 'body',
          body: '<p>busy</p>',
          headers: { 'content-type': 'text/html; charset=utf-8' },
        }),
    ],
    [
      'a web page that does not',
      'model-invalid',
      'html-page',
      () => server.fault(graph, { kind: 'body', body: '\n<!DOCTYPE html><p>busy</p>' }),
    ],
    ['404', 'not-found', 'missing', () => server.fault(graph, { kind: 'status', status: 404 })],
    ['403', 'forbidden', 'gated', () => server.fault(graph, { kind: 'status', status: 403 })],
    ['401', 'forbidden', 'gated', () => server.fault(graph, { kind: 'status', status: 401 })],
    ['451', 'unavailable', 'status', () => server.fault(graph, { kind: 'status', status: 451 })],
    [
      'a redirect to plain http elsewhere',
      'forbidden',
      'redirect',
      () => server.fault(graph, { kind: 'redirect', to: 'http://192.0.2.1/model.onnx' }),
    ],
    [
      'a redirect to a file',
      'forbidden',
      'redirect',
      () => server.fault(graph, { kind: 'redirect', to: 'file:///etc/passwd' }),
    ],
    [
      'a redirect with a password',
      'forbidden',
      'redirect',
      () => server.fault(graph, { kind: 'redirect', to: 'https://me:secret@example.org/' }),
    ],
    [
      'a redirect that is no address',
      'forbidden',
      'redirect',
      () => server.fault(graph, { kind: 'redirect', to: 'https://[' }),
    ],
    [
      'redirects without an end',
      'unavailable',
      'redirects',
      () =>
        server.fault(
          graph,
          ...Array.from({ length: 9 }, () => ({ kind: 'redirect' as const, to: '/cdn/onnx%2Fmodel.onnx' })),
        ),
    ],
  ])('%s', async (_name, code, problem, arrange) => {
    const plan = await planned()
    arrange()
    const error = await bring(plan).then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code, data: { problem } })
    expect(existsSync(at(graph))).toBe(false)
    expect(existsSync(at(`${graph}.part`))).toBe(false)
  })

  test('a hub on the network that points to this computer', async () => {
    const hub = elsewhere('huggingface')
    const plan = await planned(hub)
    server.fault(graph, { kind: 'redirect', to: 'https://127.0.0.1:8443/model.onnx' })
    await expect(bring(plan, { hub })).rejects.toMatchObject({ code: 'forbidden' })
  })

  test.each<[string, 'tree' | 'revision', string | number, string]>([
    ['a web page', 'tree', '<!doctype html>', 'html-page'],
    ['something else', 'tree', '{"error":"no"}', 'list'],
    ['no commit', 'revision', '{"sha":"../../etc"}', 'list'],
    ['404', 'revision', 404, 'missing'],
  ])('%s in place of the list', async (_name, route, answer, problem) => {
    server.fault(
      route,
      typeof answer === 'number' ? { kind: 'status', status: answer } : { kind: 'body', body: answer },
    )
    await expect(custom().record(model.repository, never)).rejects.toMatchObject({ data: { problem } })
  })

  test('a repository without a graph, or without a file that is needed', async () => {
    const record = await custom().record(model.repository, never)
    const without = (path: string) => ({
      ...record,
      files: record.files.filter((file) => file.path !== path),
    })
    expect(() => planDownload(model, without(graph), custom())).toThrow(
      expect.objectContaining({ code: 'not-found' }),
    )
    expect(() => planDownload(model, without('tokenizer.json'), custom())).toThrow(
      expect.objectContaining({
        code: 'not-found',
        data: expect.objectContaining({ file: 'tokenizer.json' }),
      }),
    )
  })

  test('names that could lead elsewhere', async () => {
    for (const path of [
      '../x',
      '/x',
      'a/../b',
      'a\\b',
      'c:x',
      '',
      'a//b',
      'nul',
      'con.json',
      'x.',
      ' x',
      '.x',
      'a\0b',
      'x'.repeat(400),
    ]) {
      expect(isSafePath(path), path).toBe(false)
    }
    for (const path of [
      'config.json',
      '1_Pooling/config.json',
      'onnx/Constant_7_attr__value',
      '模型/config.json',
    ]) {
      expect(isSafePath(path), path).toBe(true)
    }
    const record = await custom().record(model.repository, never)
    record.files.push({ ...record.files[0]!, path: 'onnx/model.onnx_data/../../../x' })
    expect(() => planDownload(model, record, custom())).toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    )
  })

  test('a custom source without an address, or with one that is not safe', () => {
    for (const mirror of [
      '',
      'http://example.org',
      'ftp://example.org',
      'https://me:secret@example.org',
      'nonsense',
    ]) {
      expect(() => createHub({ source: 'custom', mirror, onRequest: () => {} })).toThrow(
        expect.objectContaining({ code: 'bad-request' }),
      )
    }
  })
})

describe('the disk', () => {
  test('is looked at before anything is asked for', async () => {
    const plan = await planned()
    const before = server.requests.length
    await expect(bring(plan, { freeBytes: async () => 1000 })).rejects.toMatchObject({
      code: 'disk-full',
      data: { freeBytes: 1000 },
    })
    expect(server.requests.length).toBe(before)
  })

  test('that fills up half way keeps what has come', async () => {
    const plan = await planned()
    let looks = 0
    // The second look is after the graph, when its data is known.
    await expect(bring(plan, { freeBytes: async () => (looks++ === 0 ? 1e12 : 0) })).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect(existsSync(at(graph))).toBe(true)
    await bring((await readPlan(folder))!)
    isWhole((await readPlan(folder))!)
  })

  test('holds the parts of a download that was stopped, and a later one takes them up', async () => {
    const plan = await planned()
    const stop = new AbortController()
    server.fault(graph, { kind: 'stall', afterBytes: 123 })
    const running = bring(plan, {
      signal: stop.signal,
      onProgress: ({ doneBytes: done }) => done >= 123 && stop.abort(),
    })
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
    // A new process knows only what is on the disk.
    const later = (await readPlan(folder))!
    expect(await doneBytes(folder, later)).toBe(123)
    expect(filesOf(folder, later)).toBe(join(folder, model.id))
    await bring(later)
    isWhole(later)
    expect(asked('/cdn/onnx/model.onnx').at(-1)!.headers.range).toBe('bytes=123-')
  })

  test('with a plan that is not one begins anew', async () => {
    const plan = await planned()
    plan.files[0]!.path = '../../x'
    await writePlan(folder, plan)
    expect(await readPlan(folder)).toBeNull()
    expect(await readPlan(join(folder, 'nothing'))).toBeNull()
  })
})
