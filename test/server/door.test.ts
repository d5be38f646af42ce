import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEngineClient, findEngine, newWindowToken } from '../../src/server/client.ts'
import { createHandler, type Handler } from '../../src/server/handler.ts'
import { listenLoopback, listenPrivate, type Listener } from '../../src/server/node-server.ts'
import { runtimeDirOf, writeAddress, type EngineAddress } from '../../src/server/runtime.ts'
import type { Contract } from '../../src/shared/contract.ts'
import { createMemoryEngine, type MemoryEngine } from '../support/host-memory-engine.ts'

const privateToken = 'p'.repeat(43)
let directory: string
let libraryDir: string
let engine: MemoryEngine
let handler: Handler
let loopback: Listener & { origin: string }
let private_: Listener & { address: EngineAddress }
let token: string
let shutdowns = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifold-door-'))
  process.env.XDG_RUNTIME_DIR = join(directory, 'run')
  libraryDir = join(directory, 'library')
  const rendererDir = join(directory, 'renderer')
  await mkdir(join(rendererDir, 'assets'), { recursive: true })
  await mkdir(join(directory, 'pdf', 'cmaps'), { recursive: true })
  await mkdir(libraryDir)
  await writeFile(join(rendererDir, 'index.html'), '<!doctype html><title>Manifold</title>')
  await writeFile(join(rendererDir, 'assets', 'a.js'), 'export {}')
  await writeFile(join(directory, 'pdf', 'cmaps', 'GBK-EUC-H.bcmap'), 'cmap')
  await writeFile(join(directory, 'secret.txt'), 'secret')
  await symlink(join(directory, 'secret.txt'), join(rendererDir, 'assets', 'link.txt'))
  engine = createMemoryEngine(directory)
  handler = createHandler({
    engine,
    privateToken,
    version: '0.0.0',
    rendererDir,
    pdfDir: join(directory, 'pdf'),
    shutdown: () => shutdowns++,
  })
  loopback = await listenLoopback(handler, 0)
  private_ = await listenPrivate(handler, { libraryDir, privateToken })
  token = await newWindowToken(private_.address)
})

afterAll(async () => {
  await loopback.close()
  await private_.close()
  await rm(directory, { recursive: true })
})

const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
const at = (path: string, init?: RequestInit) => fetch(loopback.origin + path, init)
const call = (path: string, body: unknown, headers: Record<string, string> = bearer(token)) =>
  at(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const windowClient = (): ContractRouterClient<Contract> =>
  createORPCClient(new RPCLink({ url: `${loopback.origin}/rpc`, headers: bearer(token) }))

/** A request as written, because fetch tidies paths and headers. */
const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(loopback.origin).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => (answer += String(data)))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
    // Not `end`: a half-closed client counts as gone.
    socket.write(text)
  })

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(condition()).toBe(true)
}

describe('calls', () => {
  test('answers over the private socket', async () => {
    const client = createEngineClient(private_.address)
    expect((await client.system.status()).version).toBe('0.0.0')
    expect(await client.local.add({ paths: ['/a', '/b'] })).toEqual({
      documents: 2,
      unchanged: 0,
      refused: [],
    })
  })

  test('streams a search, and ends it with complete', async () => {
    const stages = []
    for await (const update of await windowClient().search.run({ query: '租约' })) stages.push(update.stage)
    expect(stages).toEqual(['fused', 'complete'])
  })

  test('carries an expected failure with its code', async () => {
    const client = createEngineClient(private_.address)
    await expect(client.documents.get({ id: 999 })).rejects.toMatchObject({
      code: 'not-found',
      data: { id: 999 },
    })
    const run = async () => {
      for await (const _ of await client.search.run({ query: 'broken' })) void _
    }
    await expect(run()).rejects.toMatchObject({ data: { code: 'bad-query' } })
  })

  test('tells nothing of an unexpected failure but that it happened', async () => {
    const answer = await (await call('/rpc/search/run', { json: { query: 'bug' } })).text()
    expect(answer).toContain('internal')
    expect(answer).not.toContain('secret detail')
  })

  test('refuses an unknown field, naming it', async () => {
    const answer = await call('/rpc/search/run', { json: { query: 'a', querry: 'b' } })
    expect(answer.status).toBe(422)
    const body = (await answer.json()) as { json: { message: string; data: { code: string } } }
    expect(body.json.data.code).toBe('bad-request')
    expect(body.json.message).toContain('querry')
  })

  test('refuses a body past the limit, declared or not', async () => {
    const body = JSON.stringify({ json: { query: 'a'.repeat(5_000_000) } })
    const headers = { 'content-type': 'application/json', ...bearer(token) }
    expect((await at('/rpc/search/run', { method: 'POST', headers, body })).status).toBe(422)
    const stream = new Blob([body]).stream()
    const chunked = await at('/rpc/search/run', {
      method: 'POST',
      headers,
      body: stream,
      duplex: 'half',
    } as RequestInit)
    expect(JSON.stringify(await chunked.json())).toContain('too-large')
  })

  test('serves the same calls as plain JSON, and describes them', async () => {
    const answer = await call('/api/documents/get', { id: 999 })
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ code: 'APP_ERROR', data: { code: 'not-found' } })
    const described = (await (await at('/api/openapi.json', { headers: bearer(token) })).json()) as {
      paths: object
    }
    expect(Object.keys(described.paths)).toContain('/search/run')
  })

  test('takes the address of a mirror only through the private door: a script in the window could send through it', async () => {
    const modelMirror = 'https://example.org/what-it-read'
    await expect(windowClient().settings.update({ modelMirror })).rejects.toMatchObject({
      data: { code: 'forbidden' },
    })
    expect((await windowClient().settings.get({})).modelMirror).toBe('')
    await createEngineClient(private_.address).settings.update({ modelMirror })
    expect((await windowClient().settings.update({ modelMirror: '' })).settings.modelMirror).toBe('')
    await windowClient().settings.update({ modelSource: 'hf-mirror' })
    await expect(windowClient().settings.update({ modelMirror: 'http://example.org' })).rejects.toThrow()
  })

  test('shuts down only for the private door', async () => {
    await expect(windowClient().local.shutdown()).rejects.toMatchObject({ data: { code: 'forbidden' } })
    await createEngineClient(private_.address).local.shutdown()
    await until(() => shutdowns === 1)
  })
})

describe('a caller that goes away', () => {
  test('aborts the search it was waiting for', async () => {
    const before = engine.streams.length
    const controller = new AbortController()
    const updates = await windowClient().search.run({ query: 'slow' }, { signal: controller.signal })
    expect((await updates.next()).value).toMatchObject({ stage: 'fused' })
    controller.abort()
    await until(() => engine.streams[before]!.aborted)
  })

  test('ends an event stream that has nothing to tell', async () => {
    const before = engine.streams.length
    const client = createEngineClient(private_.address)
    const events = await client.system.events()
    expect((await events.next()).value).toMatchObject({ type: 'status' })
    await events.return?.()
    await until(() => engine.streams[before]!.aborted)
  })
})

describe('who may ask', () => {
  test('refuses a call without a token, with a wrong one, and with the private one on the loopback door', async () => {
    for (const headers of [{}, bearer('x'.repeat(43)), bearer(privateToken)]) {
      const answer = await call('/rpc/system/status', {}, headers)
      expect(JSON.stringify(await answer.json())).toContain('unauthorized')
    }
  })

  test('never lets a window name a path', async () => {
    await expect(windowClient().local.add({ paths: ['/etc/passwd'] })).rejects.toMatchObject({
      data: { code: 'forbidden' },
    })
    expect(engine.calls).not.toContain('add /etc/passwd')
  })

  test('exchanges a code once', async () => {
    const code = handler.newCode()
    const first = await call('/session', { code }, {})
    expect(first.status).toBe(200)
    expect((await call('/session', { code }, {})).status).toBe(401)
    expect((await call('/session', { code: 'nonsense' }, {})).status).toBe(401)
    expect((await call('/session', 'not an object', {})).status).toBe(401)
  })

  test('refuses another name for this computer (DNS rebinding)', async () => {
    const answer = await raw('GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 403/)
  })

  test('refuses another page', async () => {
    const others: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'http://localhost:1' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of others) {
      expect((await call('/rpc/system/status', {}, { ...bearer(token), ...headers })).status).toBe(403)
    }
    expect((await call('/rpc/system/status', {}, { ...bearer(token), origin: loopback.origin })).status).toBe(
      200,
    )
  })
})

describe('files', () => {
  const pdf = Buffer.from('%PDF-1.7 0123456789')
  let url: string

  beforeAll(async () => {
    const headers = bearer(token)
    const first = await at(`/upload?name=${encodeURIComponent('合同/租约 😀.pdf')}&lastModified=1`, {
      method: 'PUT',
      headers,
      body: pdf,
    })
    expect(await first.json()).toEqual({ documentId: 1, unchanged: false })
    await at('/upload?name=note.html', { method: 'PUT', headers, body: '<script>alert(1)</script>' })
    url = (await windowClient().documents.address({ id: 1 })).url
  })

  test('takes an upload under its relative name', () => {
    expect(engine.uploaded[0]!.name).toBe('合同/租约 😀.pdf')
    expect(Buffer.from(engine.uploaded[0]!.bytes)).toEqual(pdf)
  })

  test('refuses an upload that climbs, has no name, or no length', async () => {
    for (const name of ['../a.pdf', '/etc/passwd', 'a/../../b', '', 'a%00b', '..%5Ca']) {
      const answer = await at(`/upload?name=${name}`, { method: 'PUT', headers: bearer(token), body: 'a' })
      expect(await answer.json(), name).toMatchObject({ code: 'bad-request' })
    }
    const stream = new Blob(['a']).stream()
    const chunked = await at('/upload?name=a', {
      method: 'PUT',
      headers: bearer(token),
      body: stream,
      duplex: 'half',
    } as RequestInit)
    expect(chunked.status).toBe(400)
    expect((await at('/upload?name=a', { method: 'PUT', body: 'a' })).status).toBe(401)
  })

  test('refuses an upload past the limit before reading it', async () => {
    const answer = await raw(
      `PUT /upload?name=a HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Length: 3000000000\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 413/)
    expect(answer).toContain('"too-large"')
  })

  test('takes a model as a zip under the same guards', async () => {
    const put = (query: string, init: RequestInit = {}) =>
      at(`/models/upload${query}`, { method: 'PUT', headers: bearer(token), body: 'zip', ...init })
    const answer = await put('?name=small.zip')
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ code: 'model-invalid' })
    expect(engine.uploaded.pop()).toMatchObject({
      name: 'small.zip',
      bytes: new Uint8Array(Buffer.from('zip')),
    })
    expect((await put('?name=small.zip', { headers: {} })).status).toBe(401)
    expect((await put('?name=../small.zip')).status).toBe(400)
    expect((await put('')).status).toBe(400)
    expect((await put('?name=small.zip', { method: 'POST' })).status).toBe(400)
    expect(
      (await at('/models/other?name=a', { method: 'PUT', headers: bearer(token), body: 'a' })).status,
    ).toBe(404)
    const answered = await raw(
      `PUT /models/upload?name=a HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Length: 9000000000\r\n\r\n`,
    )
    expect(answered).toMatch(/^HTTP\/1.1 413/)
    expect(engine.uploaded.some(({ name }) => name === 'small.zip' || name === 'a')).toBe(false)
  })

  test('does not keep an upload that broke off', async () => {
    const before = engine.uploaded.length
    const socket = connect(Number(new URL(loopback.origin).port), '127.0.0.1')
    socket.write(
      `PUT /upload?name=half.pdf HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\nhalf`,
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(engine.uploaded.length).toBe(before)
  })

  test('serves a document by a signed address, whole and in ranges', async () => {
    const whole = await at(url)
    expect(whole.status).toBe(200)
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(pdf)
    expect(whole.headers.get('content-security-policy')).toBe('sandbox')
    expect(whole.headers.get('x-content-type-options')).toBe('nosniff')
    expect(whole.headers.get('content-disposition')).toMatch(/^inline; .*UTF-8''%E7%A7%9F/)
    const part = await at(url, { headers: { range: 'bytes=5-7' } })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe(`bytes 5-7/${pdf.length}`)
    expect(await part.text()).toBe('1.7')
    expect(await (await at(url, { headers: { range: 'bytes=-3' } })).text()).toBe('789')
    expect((await at(url, { headers: { range: 'bytes=999-' } })).status).toBe(416)
  })

  test('gives what is not a PDF only as a download without a type', async () => {
    const other = await windowClient().documents.address({ id: 2 })
    const answer = await at(other.url)
    expect(answer.headers.get('content-type')).toBe('application/octet-stream')
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/)
  })

  test('refuses another document, another time and no signature', async () => {
    for (const wrong of [
      url.replace('/files/1', '/files/2'),
      url.replace(/expires=\d/, 'expires=9'),
      '/files/1',
    ]) {
      expect((await at(wrong)).status, wrong).toBe(401)
    }
  })
})

describe('the window', () => {
  test('comes with a policy that allows nothing from elsewhere', async () => {
    const answer = await at('/')
    expect(await answer.text()).toContain('Manifold')
    const policy = answer.headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval'(?<!wasm-unsafe-eval')/)
  })

  test('serves pdf.js data', async () => {
    expect(await (await at('/pdf/cmaps/GBK-EUC-H.bcmap')).text()).toBe('cmap')
  })

  test('gives nothing outside its folders', async () => {
    for (const path of [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/..%2fsecret.txt',
      '/assets/..%5c..%5csecret.txt',
      '/assets/link.txt',
      '/pdf/cmaps/..%2f..%2fsecret.txt',
      '/pdf/../secret.txt',
      '/%00',
      '//etc/passwd',
      '/assets/%ff',
    ]) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
      expect(answer, path).toMatch(/^HTTP\/1.1 4/)
      expect(answer).not.toContain('\r\nsecret')
    }
  })
})

describe('the runtime directory', () => {
  test('is for this user alone, as are the address and the socket', async () => {
    const runtime = await runtimeDirOf(libraryDir)
    const mode = async (path: string) => (await stat(path)).mode & 0o777
    expect(await mode(runtime)).toBe(0o700)
    expect(await mode(join(runtime, 'engine.json'))).toBe(0o600)
    expect(await mode(private_.address.socket)).toBe(0o600)
    expect(await readFile(join(runtime, 'engine.json'), 'utf8')).toContain(privateToken)
  })

  test('finds the running engine, and clears away the address of a dead one', async () => {
    expect(await findEngine(libraryDir)).toEqual(private_.address)
    const other = join(directory, 'other')
    await mkdir(other)
    const runtime = await runtimeDirOf(other)
    await mkdir(runtime, { recursive: true })
    await writeAddress(runtime, { pid: 1, socket: join(runtime, 'gone.sock'), privateToken })
    expect(await findEngine(other)).toBeNull()
    await expect(readFile(join(runtime, 'engine.json'))).rejects.toThrow()
  })
})
