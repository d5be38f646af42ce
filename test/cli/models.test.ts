/** `manifold models` as a script uses it. The hub is on this computer; the command line comes from the build. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bin, createCommandLine } from '../support/command-line.ts'
import { filesUnder, startHub, type HubServer } from '../support/hub-server.ts'
import { tinyModels } from '../support/tiny-models.ts'
import { zipOf } from '../support/zip.ts'

const command = createCommandLine('cli-models')
const { base, run: manifold, runIn: manifoldIn, environment } = command
let hub: HubServer

// The tiny model takes the place of a model of the catalogue that ships: same repository, small files.
const id = 'all-MiniLM-L6-v2'

beforeAll(async () => {
  hub = await startHub(`Xenova/${id}`, filesUnder(join(tinyModels, 'tiny-mean')))
  const { json } = await manifold('models', 'source', 'custom', '--mirror', hub.address, '--json')
  expect(json).toEqual({ modelSource: 'custom', modelMirror: hub.address })
}, 60_000)

afterAll(async () => {
  await hub?.close()
  command.close()
})

it('lists what can be downloaded, with its warnings, and asks nobody', async () => {
  const { code, json } = await manifold('models', 'list', '--available', '--json')
  expect(code).toBe(0)
  expect(json.available.length).toBeGreaterThan(15)
  expect(json.available.find((one: { id: string }) => one.id === id)).toMatchObject({
    installed: false,
    download: null,
    warnings: ['unverified', 'english-only'],
  })
  expect((await manifoldIn('zh_CN.UTF-8', 'models', 'list', '--available')).out).toContain('不得商用')
  expect(hub.requests).toEqual([])
}, 60_000)

it('takes no address that is not safe', async () => {
  expect((await manifold('models', 'source', 'custom', '--mirror', 'http://example.org')).code).toBe(1)
  expect((await manifold('models', 'source', 'elsewhere')).code).toBe(2)
  expect((await manifold('models', 'source')).out).toBe(`custom ${hub.address}\n`)
}, 60_000)

it('says what went wrong with a download, keeps what came, and goes on', async () => {
  hub.fault('config.json', { kind: 'status', status: 404 })
  const { code, out, err } = await manifold('models', 'download', id, '--json')
  expect([code, out]).toEqual([1, ''])
  expect(err).toMatch(/does not have config\.json/)
  hub.fault('config.json', { kind: 'status', status: 404 })
  expect((await manifoldIn('zh_CN.UTF-8', 'models', 'download', id)).err).toContain('没有 config.json')
  expect((await manifold('models', 'download', 'nothing')).code).toBe(1)
  expect((await manifold('models', 'download', id, '--source', 'elsewhere')).code).toBe(2)
}, 60_000)

it('counts a download whose process was killed as paused, and goes on where it was', async () => {
  await rm(join(base, 'library', 'models', '.downloads'), { recursive: true, force: true })
  const graph = 'onnx/model.onnx'
  hub.fault(graph, { kind: 'stall', afterBytes: 5_000 })
  const child = spawn(process.execPath, [bin, 'models', 'download', id], {
    env: environment('C'),
    stdio: 'ignore',
  })
  const part = join(base, 'library', 'models', '.downloads', id, id, `${graph}.part`)
  while ((await stat(part).catch(() => null))?.size !== 5_000) await sleep(50)
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  const { json } = await manifold('models', 'list', '--available', '--json')
  const entry = json.available.find((one: { id: string }) => one.id === id)
  expect(entry.download).toMatchObject({ state: 'paused', file: graph, doneBytes: 5_000 })
  const before = hub.requests.length
  // Stops at a file after the graph, so that the next test has something left to fetch.
  hub.fault('tokenizer.json', { kind: 'status', status: 404 })
  await manifold('models', 'download', id)
  const ranges = hub.requests.slice(before).filter(({ url }) => url.startsWith('/cdn/onnx'))
  expect(ranges.map(({ headers }) => headers.range)).toEqual(['bytes=5000-'])
}, 60_000)

it('downloads with progress on stderr, tests, uses and removes', async () => {
  const before = hub.requests.length
  const downloaded = await manifold('models', 'download', id, '--json')
  expect(downloaded.err).toContain(' of ')
  expect(downloaded.json.model).toMatchObject({ id, builtIn: false, dimensions: 16 })
  expect(hub.requests.length).toBeGreaterThan(before)
  // The graph came in the runs before.
  expect(hub.requests.slice(before).some(({ url }) => url.includes('model.onnx'))).toBe(false)

  const tested = await manifold('models', 'test', id, '--use-anyway', '--json')
  expect(tested.code).toBe(0)
  expect(tested.json).toMatchObject({ modelId: id })
  expect(tested.json.checks.find((check: { name: string }) => check.name === 'finite').ok).toBe(true)

  const used = await manifold('models', 'use', id, '--json')
  expect(used.json.live).toMatchObject({ embeddingModel: id, dimensions: 16 })
  const back = await manifold('models', 'use', 'manifold-static-256', '--json')
  expect(back.json.live.embeddingModel).toBe('manifold-static-256')
}, 120_000)

it('imports a folder and a zip, and refuses what is no model', async () => {
  const folder = join(base, 'folder')
  cpSync(join(tinyModels, 'tiny-mean'), folder, { recursive: true })
  expect((await manifold('models', 'import', folder, '--json')).json.model.id).toBe('folder')
  const zip = join(base, 'packed.zip')
  writeFileSync(zip, zipOf([...filesUnder(folder)].map(([name, bytes]) => ({ name, bytes }))))
  expect((await manifold('models', 'import', zip, '--json')).json.model.id).toBe('packed')
  const broken = join(base, 'broken')
  cpSync(folder, broken, { recursive: true })
  rmSync(join(broken, 'config.json'))
  const refused = await manifold('models', 'import', broken)
  expect(refused.code).toBe(1)
  expect(refused.err).toContain('config.json')

  expect((await manifold('models', 'remove', 'packed', '--json')).json).toEqual({ removed: 'packed' })
  expect(existsSync(join(base, 'library', 'models', 'packed'))).toBe(false)
  expect((await manifold('models', 'remove', 'manifold-static-256')).code).toBe(1)
}, 120_000)

it('[MO5] says what models can run on, and tells a device that is not there from one that is', async () => {
  const listed = await manifold('models', 'device', '--json')
  expect(listed.json.device).toBe('cpu')
  expect(listed.json.devices.find((one: { id: string }) => one.id === 'cpu')).toMatchObject({
    available: true,
    reason: null,
  })
  const cpu = await manifold('models', 'test', 'manifold-static-256', '--device', 'cpu', '--json')
  expect(cpu.code).toBe(0)
  expect(cpu.json).toMatchObject({ accepted: true, provider: 'cpu', worstCosine: 1 })
  expect(cpu.json.nodes.CPUExecutionProvider).toBeGreaterThan(0)

  const missing = process.platform === 'win32' ? 'coreml' : 'dml'
  const tested = await manifold('models', 'test', 'manifold-static-256', '--device', missing)
  expect([tested.code, tested.out]).toEqual([
    1,
    'runs on    cpu\nnot used: there is no support for it on this system\n',
  ])
  const chosen = await manifold('models', 'device', missing, '--json')
  expect(chosen.json).toEqual({ device: missing, provider: 'cpu', fallback: 'not-built' })
  const doctor = await manifold('doctor', '--json')
  expect(doctor.code).toBe(1)
  expect(doctor.json.checks).toContainEqual({
    name: 'device of manifold-static-256',
    ok: false,
    detail: `${missing} was asked for, cpu runs it (not-built)`,
  })
  expect((await manifold('models', 'device', 'cpu')).out).toBe('cpu\n')
  expect((await manifold('models', 'device', 'toaster')).code).toBe(2)
}, 120_000)
