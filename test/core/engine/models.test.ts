/** The model manager in a real engine: a hub on this computer, real files, the downloaded model used in a search. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createEngine, type Engine } from '../../../src/core/engine.ts'
import { knownFields } from '../../../src/core/models/downloadable.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { readOrigin } from '../../../src/core/models/origin.ts'
import { SearchRequest, type SearchUpdate } from '../../../src/shared/search.ts'
import type { EngineEvent } from '../../../src/shared/status.ts'
import { filesUnder, sha256, startHub, type HubServer } from '../../support/hub-server.ts'
import { tinyModels } from '../../support/tiny-models.ts'
import { zipOf } from '../../support/zip.ts'

const repository = 'org/tiny'
const graph = 'onnx/model.onnx'
const host = createNodeHost()
let resources: string
let base: string
let engine: Engine
let hub: HubServer
let libraryDir: string

const known = Object.fromEntries(knownFields.map((field) => [field, 'memory']))
const entry = {
  id: 'tiny-static',
  name: 'Tiny static',
  repository,
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
  sizeBytes: 10_000,
  graphs: [graph],
  files: ['config.json', 'tokenizer.json'],
  optional: ['tokenizer_config.json', '1_Pooling/config.json'],
  known,
}

beforeAll(() => {
  resources = mkdtempSync(join(tmpdir(), 'manifold-resources-'))
  cpSync(host.resources.models, resources, { recursive: true })
  writeFileSync(join(resources, 'catalog.json'), JSON.stringify({ about: 'test', models: [entry] }))
})
afterAll(() => rmSync(resources, { recursive: true, force: true }))

const open = () =>
  createEngine({
    host: { ...host, resources: { ...host.resources, models: resources } },
    libraryDir,
    version: 'test',
    watch: false,
  })

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'manifold-models-'))
  libraryDir = join(base, 'library')
  hub = await startHub(repository, filesUnder(join(tinyModels, 'tiny-static')))
  engine = await open()
  await engine.settings.update({ modelSource: 'custom', modelMirror: hub.address })
})
afterEach(async () => {
  await engine.close()
  await hub.close()
  rmSync(base, { recursive: true, force: true })
})

const theEntry = async () => (await engine.models.catalog()).entries[0]!
const theModel = async (id = entry.id) => (await engine.models.list()).models.find((model) => model.id === id)
async function until<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (let i = 0; i < 400; i++) {
    const found = await look()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('waited in vain')
}
const installed = () =>
  until(async () => (await theEntry()).installed && (await theEntry()).download === null)
const state = (wanted: string) =>
  until(async () => {
    const { download } = await theEntry()
    return download?.state === wanted && download
  })
const inModels = () =>
  readdirSync(join(libraryDir, 'models')).filter((name) => name !== '.downloads' && name !== '.pinned')
async function search(query: string): Promise<SearchUpdate> {
  let last: SearchUpdate | null = null
  for await (const update of engine.search.run(
    SearchRequest.parse({ query, mode: 'semantic' }),
    new AbortController().signal,
  )) {
    last = update
  }
  return last!
}
async function notes(): Promise<void> {
  const folder = join(base, 'notes')
  mkdirSync(folder)
  writeFileSync(join(folder, 'fox.md'), '# Fox\n\nThe quick brown fox jumps over the lazy dog.\n')
  writeFileSync(join(folder, 'tea.md'), '# Tea\n\nGreen tea is best at eighty degrees.\n')
  await engine.local.add({ paths: [folder] })
  await engine.idle()
}
/** Weights drawn by chance make no sense of a text, and the self-test says so: the person uses it all the same. */
const override = (id: string) => engine.models.override({ id, on: true })

describe('a downloaded model', () => {
  test('is listed, used for a new index, and answers', async () => {
    await notes()
    expect((await theEntry()).warnings).toEqual(['unverified', 'english-only'])
    expect(await engine.models.download({ id: entry.id })).toEqual({ done: 1 })
    await installed()
    expect(existsSync(join(libraryDir, 'models', '.downloads', entry.id))).toBe(false)
    const origin = (await readOrigin(join(libraryDir, 'models', entry.id)))!
    expect(origin).toMatchObject({
      kind: 'download',
      repository,
      revision: hub.revision,
      source: new URL(hub.address).host,
    })
    expect(origin.files.find(({ path }) => path === graph)!.sha256).toBe(sha256(hub.files.get(graph)!))

    // Random weights that claim English: used only because the person says so.
    expect(await theModel()).toMatchObject({ state: 'refused', problemCode: 'sense' })
    await override(entry.id)
    expect(await theModel()).toMatchObject({
      name: 'Tiny static',
      licence: 'MIT',
      state: 'ready',
      problem: null,
      removable: true,
      warnings: ['unverified', 'english-only'],
    })
    const { reindexStarted } = await engine.settings.update({ embeddingModel: entry.id })
    expect(reindexStarted).toBe(true)
    await engine.idle()
    expect((await engine.system.status()).live).toMatchObject({ embeddingModel: entry.id, dimensions: 16 })
    const { hits } = await search('The quick brown fox jumps over the lazy dog.')
    expect(hits.length).toBeGreaterThan(0)
    expect(hits[0]!.scores.semantic).not.toBeNull()

    await engine.close()
    const before = hub.requests.length
    engine = await open()
    expect((await search('The quick brown fox jumps over the lazy dog.')).hits.length).toBe(hits.length)
    expect(hub.requests.length).toBe(before)
    await expect(engine.models.download({ id: entry.id })).rejects.toMatchObject({ code: 'conflict' })
  }, 60_000)

  test('is announced while it comes, at most four times a second', async () => {
    const stop = new AbortController()
    const seen: EngineEvent[] = []
    const watching = (async () => {
      for await (const event of engine.system.events(stop.signal)) seen.push(event)
    })()
    hub.fault(graph, { kind: 'drop', afterBytes: 200 })
    const start = performance.now()
    await engine.models.download({ id: entry.id })
    await installed()
    await new Promise((resolve) => setTimeout(resolve, 300))
    const seconds = (performance.now() - start) / 1000
    stop.abort()
    await watching
    const changes = seen.filter(({ type }) => type === 'downloads-changed').length
    expect(changes).toBeGreaterThan(0)
    // The self-test announces its own finding.
    expect(changes).toBeLessThanOrEqual(seconds * 4 + 2)
  })
})

describe('requests to the network', () => {
  test('are made by models.download alone, and each is counted', async () => {
    await notes()
    await engine.models.list()
    await engine.models.catalog()
    await search('tea')
    await engine.system.doctor()
    await engine.settings.update({ modelSource: 'huggingface' })
    await engine.settings.update({ modelSource: 'custom' })
    expect(hub.requests).toEqual([])
    expect((await engine.system.status()).outboundRequests).toBe(0)
    await engine.models.download({ id: entry.id })
    await installed()
    expect(hub.requests.length).toBeGreaterThan(5)
    expect((await engine.system.status()).outboundRequests).toBe(hub.requests.length)
  })
})

describe('a download that does not end well', () => {
  test('is stopped by the person, counts as paused after a restart, and is taken up', async () => {
    hub.fault(graph, { kind: 'stall', afterBytes: 200 })
    await engine.models.download({ id: entry.id })
    await until(async () => ((await theEntry()).download?.doneBytes ?? 0) >= 200)
    expect((await theEntry()).download).toMatchObject({ state: 'running', file: graph, error: null })
    expect(await engine.models.download({ id: entry.id })).toEqual({ done: 0 })
    expect(await engine.models.cancelDownload({ id: entry.id })).toEqual({ done: 1 })
    expect((await theEntry()).download).toMatchObject({ state: 'paused', doneBytes: 200 })
    await engine.close()
    engine = await open()
    const before = hub.requests.length
    expect((await theEntry()).download).toMatchObject({ state: 'paused', doneBytes: 200, file: graph })
    expect(hub.requests.length).toBe(before)
    await engine.models.download({ id: entry.id })
    await installed()
    const resumed = hub.requests.slice(before)
    // The list of files is known and pinned; only bytes are asked for.
    expect(resumed.filter(({ url }) => url.startsWith('/api/'))).toEqual([])
    expect(resumed.find(({ url }) => url.startsWith('/cdn/'))!.headers.range).toBe('bytes=200-')
  })

  test('goes on after the engine was closed in the middle', async () => {
    hub.fault(graph, { kind: 'stall', afterBytes: 200 })
    await engine.models.download({ id: entry.id })
    await until(async () => ((await theEntry()).download?.doneBytes ?? 0) >= 200)
    await engine.close()
    engine = await open()
    expect((await theEntry()).download).toMatchObject({ state: 'paused' })
    await engine.models.download({ id: entry.id })
    await installed()
  })

  test('says why it failed, keeps nothing wrong, and works when the hub does', async () => {
    hub.wrong.set(graph, Buffer.alloc(hub.files.get(graph)!.length))
    await engine.models.download({ id: entry.id })
    const failed = await state('failed')
    expect(failed.error).toMatchObject({ code: 'model-invalid', data: { problem: 'hash', file: graph } })
    expect(inModels()).toEqual([])
    expect(await theModel()).toBeUndefined()
    hub.wrong.clear()
    await engine.models.download({ id: entry.id })
    await installed()
  })

  test('is dropped when the person says so', async () => {
    hub.fault(graph, { kind: 'stall', afterBytes: 200 })
    await engine.models.download({ id: entry.id })
    await until(async () => ((await theEntry()).download?.doneBytes ?? 0) >= 200)
    expect(await engine.models.discardDownload({ id: entry.id })).toEqual({ done: 1 })
    expect((await theEntry()).download).toBeNull()
    expect(existsSync(join(libraryDir, 'models', '.downloads', entry.id))).toBe(false)
    expect(await engine.models.discardDownload({ id: entry.id })).toEqual({ done: 0 })
  })

  test('of a model the catalogue does not have, or without a source, does not begin', async () => {
    await expect(engine.models.download({ id: 'nothing' })).rejects.toMatchObject({ code: 'not-found' })
    await engine.settings.update({ modelMirror: '' })
    await expect(engine.models.download({ id: entry.id })).rejects.toMatchObject({ code: 'bad-request' })
    expect((await theEntry()).download).toBeNull()
  })

  test('whose model cannot be opened is listed with the reason', async () => {
    // The hub's own file, hash and all; and no graph that could be run.
    const broken = Buffer.from(hub.files.get(graph)!)
    broken.write('Gathxr', broken.indexOf('Gather'))
    hub.files.set(graph, broken)
    await engine.models.download({ id: entry.id })
    await installed()
    const model = (await theModel())!
    expect(model).toMatchObject({ state: 'refused', problemCode: 'opens' })
    expect(model.problem).not.toBe('')
    await expect(engine.settings.update({ embeddingModel: entry.id })).rejects.toMatchObject({
      code: 'model-invalid',
    })
    expect((await engine.settings.get()).embeddingModel).toBe('manifold-static-256')
  })
})

describe('an imported model', () => {
  test('from a folder is tested and listed', async () => {
    const { model } = await engine.local.importModel({ path: join(tinyModels, 'tiny-mean') })
    expect(model).toMatchObject({ id: 'tiny-mean', builtIn: false, removable: true, dimensions: 16 })
    await expect(engine.local.importModel({ path: join(tinyModels, 'tiny-mean') })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(hub.requests).toEqual([])
  })

  test('that came as a zip through the window is unpacked and not kept', async () => {
    const list = [...filesUnder(join(tinyModels, 'tiny-mean'))].map(([name, bytes]) => ({ name, bytes }))
    const receive = (bytes: Buffer) =>
      engine.uploads.receiveModel({
        name: 'small.zip',
        body: new Blob([new Uint8Array(bytes)]).stream(),
        signal: new AbortController().signal,
      })
    expect((await receive(zipOf(list))).model.id).toBe('small')
    expect(inModels()).toEqual(['small'])
    await expect(receive(Buffer.from('no zip'))).rejects.toMatchObject({ code: 'model-invalid' })
    expect(inModels()).toEqual(['small'])
  })

  test.each([
    ['tiny-nan', 'not-finite', 'numbers that are not numbers'],
    ['tiny-short-table', 'vocabulary', 'more tokens'],
    ['tiny-narrow', 'dimensions', '16 numbers'],
  ])(
    'that fails its self-test (%s) is listed with the reason and cannot be chosen',
    async (id, code, words) => {
      const folder = join(base, id)
      cpSync(join(tinyModels, id === 'tiny-nan' ? id : 'tiny-mean'), folder, { recursive: true })
      const edit = (file: string, change: (json: any) => void) => {
        const json = JSON.parse(readFileSync(join(folder, file), 'utf8'))
        change(json)
        writeFileSync(join(folder, file), JSON.stringify(json))
      }
      if (id === 'tiny-short-table') {
        edit('tokenizer.json', ({ model }) => (model.vocab.toomuch = Object.keys(model.vocab).length + 50))
      }
      if (id === 'tiny-narrow') edit('1_Pooling/config.json', (json) => (json.word_embedding_dimension = 15))
      const { model } = await engine.local.importModel({ path: folder })
      expect(model).toMatchObject({ id, state: 'refused', problemCode: code })
      expect(model.problem).toContain(words)
      await expect(engine.settings.update({ embeddingModel: id })).rejects.toMatchObject({
        code: 'model-invalid',
      })
    },
  )

  test('[MO4] without a word on pooling waits for the person’s, and the self-test judges it', async () => {
    const folder = join(base, 'silent')
    cpSync(join(tinyModels, 'tiny-mean'), folder, { recursive: true })
    rmSync(join(folder, '1_Pooling'), { recursive: true })
    rmSync(join(folder, 'modules.json'))
    const { model } = await engine.local.importModel({ path: folder })
    expect(model).toMatchObject({ state: 'refused', problemCode: 'pooling-unknown', poolingUnknown: true })
    await expect(engine.settings.update({ embeddingModel: 'silent' })).rejects.toMatchObject({
      code: 'model-invalid',
      data: { problem: 'pooling-unknown' },
    })
    await override('silent').catch(() => {})
    const chosen = await engine.models.setPooling({ id: 'silent', pooling: 'mean' })
    expect(chosen.model).toMatchObject({ poolingUnknown: false, state: 'ready' })
    // And may change their mind.
    await engine.models.setPooling({ id: 'silent', pooling: 'cls' })
    await engine.settings.update({ embeddingModel: 'silent' })
    await engine.idle()
    expect((await engine.system.status()).live.embeddingModel).toBe('silent')
    await expect(engine.models.setPooling({ id: 'silent', pooling: 'max' })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  test('[MO4] whose chosen pooling makes no sense of texts is as it was', async () => {
    const folder = join(base, 'english')
    cpSync(join(tinyModels, 'tiny-mean'), folder, { recursive: true })
    rmSync(join(folder, '1_Pooling'), { recursive: true })
    rmSync(join(folder, 'modules.json'))
    // It claims to read English; its weights are drawn by chance.
    writeFileSync(join(folder, 'manifold.json'), '{"languages":["en"]}')
    await engine.local.importModel({ path: folder })
    await expect(engine.models.setPooling({ id: 'english', pooling: 'mean' })).rejects.toMatchObject({
      code: 'model-invalid',
      data: { problem: 'sense', pooling: 'mean' },
    })
    expect(await theModel('english')).toMatchObject({ poolingUnknown: true, state: 'refused' })
  })

  test('that says how it pools is not told otherwise', async () => {
    await engine.local.importModel({ path: join(tinyModels, 'tiny-mean') })
    for (const id of ['tiny-mean', 'manifold-static-256']) {
      await expect(engine.models.setPooling({ id, pooling: 'cls' })).rejects.toMatchObject({
        code: 'bad-request',
      })
    }
  })
})

describe('removing a model', () => {
  test('takes its files away; a built-in one stays', async () => {
    await engine.local.importModel({ path: join(tinyModels, 'tiny-mean') })
    await engine.models.remove({ id: 'tiny-mean' })
    expect(await theModel('tiny-mean')).toBeUndefined()
    expect(inModels()).toEqual([])
    await expect(engine.models.remove({ id: 'manifold-static-256' })).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(engine.models.remove({ id: 'nothing' })).rejects.toMatchObject({ code: 'model-missing' })
  })

  test('is refused for the reranker in use, until another is chosen', async () => {
    const id = 'tiny-cross-encoder'
    await engine.local.importModel({ path: join(tinyModels, id) })
    await override(id)
    await engine.settings.update({ rerankerModel: id })
    await expect(engine.models.remove({ id })).rejects.toMatchObject({
      code: 'conflict',
      data: { model: id },
    })
    await engine.settings.update({ rerankerModel: 'manifold-late-interaction' })
    await engine.models.remove({ id })
    expect(inModels()).toEqual([])
    // Its name is free for another one, whose own files are read.
    await engine.local.importModel({ path: join(tinyModels, id) })
    expect(await theModel(id)).toMatchObject({ task: 'reranker' })
  })

  test('clears at the next start what a crash left behind', async () => {
    await engine.close()
    mkdirSync(join(libraryDir, 'models', '.importing-1', 'x'), { recursive: true })
    mkdirSync(join(libraryDir, 'models', '.removed-1'), { recursive: true })
    // A download that had just become a model.
    const half = join(libraryDir, 'models', '.downloads', 'tiny-mean')
    mkdirSync(half, { recursive: true })
    cpSync(join(tinyModels, 'tiny-mean'), join(libraryDir, 'models', 'tiny-mean'), { recursive: true })
    engine = await open()
    await until(async () => !existsSync(half))
    rmSync(join(libraryDir, 'models', 'tiny-mean'), { recursive: true })
    await until(async () => inModels().length === 0)
  })
})
