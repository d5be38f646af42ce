/** What a hostile page in the same browser can do to the browser door: nothing. And: nothing leaves this computer. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, recordRequests } from '../support/browser.ts'
import { serve, type Served } from '../support/host-serve.ts'

let directory: string
let served: Served
let browser: Browser
let hostile: Server
let hostileOrigin: string
let token: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifold-security-'))
  served = await serve(directory)
  browser = await launchBrowser()
  hostile = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>hostile</title>')
  })
  await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve))
  hostileOrigin = `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`
  const code = new URLSearchParams(new URL(served.url).hash.slice(1)).get('code')
  const response = await fetch(`${served.origin}/session`, { method: 'POST', body: JSON.stringify({ code }) })
  token = ((await response.json()) as { token: string }).token
})

afterAll(async () => {
  await browser?.close()
  hostile?.close()
  await served?.close()
  await rm(directory, { recursive: true, force: true })
})

describe('a page from elsewhere', () => {
  let page: Page

  beforeAll(async () => {
    page = await browser.newPage()
    await page.goto(hostileOrigin)
  })

  test('cannot read an answer, even with a stolen token', async () => {
    const result = await page.evaluate(
      async ([origin, stolen]) => {
        const init = {
          method: 'POST',
          headers: { authorization: `Bearer ${stolen}`, 'content-type': 'application/json' },
          body: '{}',
        }
        return fetch(`${origin}/rpc/system/status`, init).then(
          () => 'read',
          () => 'refused',
        )
      },
      [served.origin, token],
    )
    expect(result).toBe('refused')
  })

  test('cannot even learn that something is there', async () => {
    const results = await page.evaluate(async (origin) => {
      const tries = ['/', '/icon.svg', '/rpc/system/status', '/files/1']
      return Promise.all(
        tries.map((path) =>
          fetch(origin + path, {
            mode: 'no-cors',
            ...(path.startsWith('/rpc') ? { method: 'POST', body: '{}' } : {}),
          }).then(
            () => 'answered',
            () => 'refused',
          ),
        ),
      )
    }, served.origin)
    expect(new Set(results)).toEqual(new Set(['refused']))
  })

  test('cannot frame the window or load its scripts', async () => {
    const answers: number[] = []
    page.on('response', (response) => {
      if (response.url().startsWith(served.origin)) answers.push(response.status())
    })
    await page.evaluate(
      (origin) =>
        new Promise<void>((resolve) => {
          const frame = document.createElement('iframe')
          frame.src = `${origin}/`
          frame.onload = () => resolve()
          document.body.append(frame)
        }),
      served.origin,
    )
    expect(answers).toEqual([403])
    expect(page.frames().every((frame) => frame.url() !== `${served.origin}/`)).toBe(true)
  })
})

describe('the window', () => {
  test('runs no script that is not its own', async () => {
    const page = await browser.newPage()
    await page.goto(`${served.origin}/`)
    const ran = await page.evaluate(async (elsewhere) => {
      const inline = document.createElement('script')
      inline.textContent = 'globalThis.ranInline = true'
      const remote = document.createElement('script')
      remote.src = `${elsewhere}/x.js`
      const image = new Image()
      image.src = `${elsewhere}/pixel.png`
      const failed = Promise.all(
        [remote, image].map(
          (element) => new Promise((resolve) => element.addEventListener('error', () => resolve(true))),
        ),
      )
      document.body.append(inline, remote, image)
      // Later, because what runs from the debugger itself may evaluate.
      const evaluated = new Promise((resolve) =>
        setTimeout(() => {
          try {
            // oxlint-disable-next-line no-eval -- that it fails is the point
            globalThis.eval('1')
            resolve(true)
          } catch {
            resolve(false)
          }
        }, 50),
      )
      await failed
      return {
        inline: 'ranInline' in globalThis,
        evaluated: await evaluated,
        fetched: await fetch(elsewhere).then(
          () => true,
          () => false,
        ),
      }
    }, hostileOrigin)
    expect(ran).toEqual({ inline: false, evaluated: false, fetched: false })
    await page.close()
  })
})

describe('offline', () => {
  test('the recorder sees what it is there to see', () => {
    const log = join(directory, 'control.log')
    writeFileSync(log, '')
    const recorder = new URL('../support/host-network-recorder.ts', import.meta.url).href
    const script =
      "fetch('http://192.0.2.1/', { signal: AbortSignal.timeout(300) }).catch(() => {}); fetch('http://nowhere.invalid/').catch(() => {})"
    spawnSync(process.execPath, ['--import', recorder, '-e', script], {
      env: { ...process.env, MANIFOLD_TEST_NETWORK_LOG: log },
      timeout: 20_000,
    })
    const seen = readFileSync(log, 'utf8')
    expect(seen).toContain('192.0.2.1')
    expect(seen).toContain('nowhere.invalid')
  })

  test('neither window nor engine asks for anything beyond this computer', async () => {
    const page = await browser.newPage()
    const urls = recordRequests(page)
    const code = served.output().match(/code=([\w-]+)/)?.[1]
    await page.goto(`${served.origin}/#code=${code}`)
    await page.evaluate((session) => sessionStorage.setItem('manifold.token', session), token)
    await page.reload()
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const body = '# Offline\n\nNothing leaves this computer. 内容不离开这台电脑。\n'
    await fetch(`${served.origin}/upload?name=offline.md`, { method: 'PUT', headers, body })
    for (let i = 0; i < 100; i++) {
      const answer = await fetch(`${served.origin}/rpc/system/status`, {
        method: 'POST',
        headers,
        body: '{}',
      })
      const { json } = (await answer.json()) as { json: { documents: { indexed: number } } }
      if (json.documents.indexed === 1) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const search = await fetch(`${served.origin}/rpc/search/run`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ json: { query: 'what leaves this computer' } }),
    })
    expect(await search.text()).toContain('offline.md')

    expect(urls.filter((url) => !url.startsWith(`${served.origin}/`) && !/^(data|blob):/.test(url))).toEqual(
      [],
    )
    const { started, outbound } = served.network()
    expect(started.some((line) => line.includes('indexer'))).toBe(true)
    expect(outbound).toEqual([])
    if (process.platform === 'linux') expect(remoteConnections(served.pid)).toEqual([])
    await page.close()
  })
})

/** Connections to other computers held by a process and what it started, as the kernel lists them. */
function remoteConnections(root: number): string[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || !existsSync(`/proc/${name}/stat`)) continue
    try {
      parents.set(
        Number(name),
        Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]!.split(' ')[1]),
      )
    } catch {
      // It has ended meanwhile.
    }
  }
  const family = new Set([root])
  for (let size = 0; size !== family.size;) {
    size = family.size
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid)
  }
  const inodes = new Set<string>()
  for (const pid of family) {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
        if (inode) inodes.add(inode)
      } catch {
        // Closed meanwhile.
      }
    }
  }
  const tables = ['tcp', 'tcp6', 'udp', 'udp6']
    .map((name) => `/proc/net/${name}`)
    .filter((path) => existsSync(path))
  return tables.flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => inodes.has(fields[9] ?? ''))
      .map((fields) => fields[2]!)
      // 127.x.x.x, ::1, and nobody (a listening socket).
      .filter((remote) => !/^(0100007F|.{6}7F|0{8}|0{32}|0{24}01000000|0{16}FFFF0000.{6}7F):/.test(remote)),
  )
}

test('the private token never reaches the browser door', async () => {
  const run = join(directory, 'run', 'manifold')
  const [name] = readdirSync(run)
  const { privateToken } = JSON.parse(await readFile(join(run, name!, 'engine.json'), 'utf8')) as {
    privateToken: string
  }
  const headers = { authorization: `Bearer ${privateToken}`, 'content-type': 'application/json' }
  const answer = await fetch(`${served.origin}/rpc/local/add`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ json: { paths: ['/etc'] } }),
  })
  expect(await answer.text()).toContain('unauthorized')
})
