/**
 * The built app, main process to engine, without a word about how the window looks. Under real Electron where it is
 * installed, else under the stand-in.
 */
import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { PDFDocument } from 'pdf-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/core/package-layout.ts'
import { createEngineClient, type EngineClient } from '../../src/server/client.ts'
import type { EngineAddress } from '../../src/server/runtime.ts'
import { dropFiles } from '../support/browser.ts'
import { launchApp, type LaunchedApp } from '../support/electron-launch.ts'

let directory: string
let app: LaunchedApp

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifold-app-'))
  await mkdir(join(directory, 'notes', '子目录'), { recursive: true })
  await writeFile(
    join(directory, 'notes', 'lease.md'),
    '# Lease\n\nEither party may terminate on thirty days notice.\n',
  )
  await writeFile(
    join(directory, 'notes', '子目录', '租约.md'),
    '# 租约\n\n任何一方可以提前三十天书面通知终止。\n',
  )
  await writeFile(join(directory, 'run-me.sh'), '#!/bin/sh\necho no\n')
  const pdf = await PDFDocument.create()
  pdf.addPage([300, 300]).drawText('Termination of the contract')
  await writeFile(join(directory, 'contract.pdf'), await pdf.save())
  app = await launchApp({ directory })
})

afterAll(async () => {
  await app?.close()
  await rm(directory, { recursive: true, force: true })
})

/** A call as the window makes it. */
async function call<T = Record<string, never>>(path: string, input: unknown = {}): Promise<T> {
  const answer = await app.page.evaluate(
    async ([to, json]) => {
      const response = await fetch(`/rpc/${to}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ json }),
      })
      return (await response.json()) as { json: unknown }
    },
    [path, input] as const,
  )
  return answer.json as T
}

async function until<T>(look: () => Promise<T | false | null | undefined>, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const found = await look().catch(() => null)
    if (found) return found
    if (Date.now() > deadline) throw new Error(`did not happen in ${timeoutMs} ms\n${app.output()}`)
    await sleep(100)
  }
}

interface Listed {
  documents: { id: number; path: string; status: string }[]
}

/** engine.json of the app's own engine: this test plays the command line. */
async function address(): Promise<EngineAddress> {
  const run = join(directory, 'run', 'manifold')
  for (const name of await readdir(run)) {
    const file = join(run, name, 'engine.json')
    if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as EngineAddress
  }
  throw new Error('no engine.json')
}
const client = async (): Promise<EngineClient> => createEngineClient(await address())

describe('the window', () => {
  test('is sandboxed, isolated and without Node', async () => {
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      // Not in Electron's types, but there since Electron 5.
      const contents = BrowserWindow.getAllWindows()[0]!.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>
      }
      const { sandbox, contextIsolation, nodeIntegration, webviewTag, spellcheck } =
        contents.getLastWebPreferences()
      return { sandbox, contextIsolation, nodeIntegration, webviewTag, spellcheck }
    })
    expect(preferences).toEqual({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    })
    const globals = await app.page.evaluate(() =>
      ['require', 'process', 'module', 'Buffer', 'standInInvoke'].filter((name) => name in globalThis),
    )
    expect(globals).toEqual([])
  })

  test('has of the desktop only the calls of window.manifold', async () => {
    const names = await app.page.evaluate(() => Object.keys(window.manifold ?? {}).sort())
    expect(names).toEqual([
      'addDropped',
      'importModel',
      'open',
      'pickFiles',
      'pickFolder',
      'platform',
      'reveal',
      'setTheme',
      'useMirror',
    ])
  })

  test('comes with a policy that allows nothing from elsewhere', async () => {
    const policy = await app.page.evaluate(async () =>
      (await fetch('/')).headers.get('content-security-policy'),
    )
    expect(policy).toContain("default-src 'none'")
    const reached = await app.page.evaluate(async () => {
      const tries = ['https://example.com/', 'http://127.0.0.1:9/', 'http://[::1]:9/']
      const results = await Promise.allSettled(tries.map((url) => fetch(url, { mode: 'no-cors' })))
      return results.filter((result) => result.status === 'fulfilled').length
    })
    expect(reached).toBe(0)
  })

  test('cannot be led away, and opens nothing', async () => {
    const before = app.page.url()
    await app.page.evaluate(() => (location.href = 'https://example.com/')).catch(() => {})
    await app.page.evaluate(() => void window.open('https://example.com/'))
    await sleep(500)
    expect(app.page.url()).toBe(before)
    const count = await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)
    expect(count).toBe(1)
    expect(await app.page.evaluate(() => document.title)).toBe('Manifold')
  })

  test('never gets to name a path', async () => {
    const answer = await call<{ data: { code: string } }>('local/add', { paths: ['/etc/passwd'] })
    expect(answer.data.code).toBe('forbidden')
    const forged = await app.page.evaluate(() =>
      window.manifold!.addDropped([new File(['x'], 'passwd')]).catch((e) => String(e)),
    )
    expect(JSON.stringify(forged)).not.toContain('"documents":1')
  })

  test('gets nothing outside its folders', async () => {
    const statuses = await app.page.evaluate(async () => {
      const paths = [
        '/..%2fpackage.json',
        '/%2e%2e/package.json',
        '/pdf/..%2f..%2fpackage.json',
        '/assets/..%5c..%5cx',
        '/nothing',
      ]
      return Promise.all(paths.map(async (path) => (await fetch(path)).status))
    })
    expect(new Set(statuses)).toEqual(new Set([404]))
  })
})

describe('documents', () => {
  test('links a dropped folder in place, and finds what is in it [DA2]', async () => {
    await app.page.evaluate(() => {
      addEventListener('dragover', (event) => event.preventDefault(), { capture: true })
      addEventListener(
        'drop',
        (event) => {
          event.preventDefault()
          event.stopImmediatePropagation()
          const added = window.manifold!.addDropped([...event.dataTransfer!.files])
          Object.assign(globalThis, { added })
        },
        { capture: true },
      )
    })
    await dropFiles(app.page, [
      join(directory, 'notes'),
      join(directory, 'contract.pdf'),
      join(directory, 'run-me.sh'),
    ])
    const added = await until(() =>
      app.page.evaluate(() => (globalThis as { added?: Promise<{ documents: number }> }).added),
    )
    expect(added.documents).toBe(4)
    await until(async () => {
      const { documents } = await call<Listed>('documents/list')
      return documents.filter((document) => document.status === 'indexed').length >= 3
    })
    const { documents } = await call<Listed>('documents/list')
    expect(documents.map((document) => document.path)).toContain(
      join(directory, 'notes', '子目录', '租约.md'),
    )
  })

  test('answers a range of a PDF with 206, through the proxy', async () => {
    const { documents } = await call<Listed>('documents/list')
    const { id } = documents.find((document) => document.path.endsWith('.pdf'))!
    const { url } = await call<{ url: string }>('documents/address', { id })
    const answer = await app.page.evaluate(async (from) => {
      const response = await fetch(from, { headers: { range: 'bytes=0-4' } })
      return {
        status: response.status,
        range: response.headers.get('content-range'),
        text: await response.text(),
      }
    }, url)
    expect(answer).toMatchObject({ status: 206, text: '%PDF-' })
    expect(answer.range).toMatch(/^bytes 0-4\/\d+$/)
  })

  test('takes an upload through the proxy', async () => {
    const answer = await app.page.evaluate(async () => {
      const file = new File(['# Pasted\n\nA pasted note.'], 'pasted.md')
      const response = await fetch(`/upload?name=pasted.md&size=${file.size}`, { method: 'PUT', body: file })
      return (await response.json()) as { unchanged: boolean }
    })
    expect(answer.unchanged).toBe(false)
  })

  test('picks files through a dialog of the system', async () => {
    const path = join(directory, 'picked.md')
    await writeFile(path, '# Picked\n\nBy hand.\n')
    await app.evaluate(({ dialog }, picked) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [picked] })
    }, path)
    expect(await app.page.evaluate(() => window.manifold!.pickFiles())).toMatchObject({ documents: 1 })
    await app.evaluate(({ dialog }) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: true, filePaths: [] })
    })
    expect(await app.page.evaluate(() => window.manifold!.pickFolder())).toBeNull()
  })

  test('imports a model through a dialog of the system', async () => {
    const path = join(packageRoot(), 'test', 'fixtures', 'models', 'tiny-mean')
    await app.evaluate(({ dialog }, picked) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [picked] })
    }, path)
    expect(await app.page.evaluate(() => window.manifold!.importModel('folder'))).toMatchObject({
      model: { id: 'tiny-mean', builtIn: false },
    })
    // Why it is refused comes through as data, for a sentence in the person's language.
    expect(await app.page.evaluate(() => window.manifold!.importModel('folder'))).toMatchObject({
      error: { code: 'conflict', data: { problem: 'taken', model: 'tiny-mean' } },
    })
    await app.evaluate(({ dialog }) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: true, filePaths: [] })
    })
    expect(await app.page.evaluate(() => window.manifold!.importModel('zip'))).toBeNull()
  })

  test('asks outside the page before models may come from another address', async () => {
    const address = 'https://models.example.org'
    const answer = (response: number) =>
      app.evaluate(({ dialog }, chosen) => {
        dialog.showMessageBox = () => Promise.resolve({ response: chosen, checkboxChecked: false })
      }, response)
    const use = (to: string) => app.page.evaluate((one) => window.manifold!.useMirror(one), to)
    const mirror = async () => (await call<{ modelMirror: string }>('settings/get')).modelMirror
    await call('settings/update', { modelMirror: address })
    expect(await mirror()).toBe('')
    await answer(1)
    expect(await use(address)).toBe(false)
    expect(await mirror()).toBe('')
    await answer(0)
    expect(await use(address)).toBe(true)
    expect(await mirror()).toBe(address)
    await call('settings/update', { modelMirror: '', modelSource: 'huggingface' })
    await expect(use('http://example.org')).rejects.toThrow()
  })

  test('opens a document in its program, but only shows a program', async () => {
    await app.evaluate(({ shell }) => {
      const told: string[] = []
      Object.assign(globalThis, { told })
      shell.openPath = (path) => Promise.resolve(void told.push(`open ${path}`)).then(() => '')
      shell.showItemInFolder = (path) => void told.push(`show ${path}`)
    })
    const { documents } = await call<Listed>('documents/list')
    const idOf = (end: string) => documents.find((document) => document.path.endsWith(end))!.id
    await app.page.evaluate((id) => window.manifold!.open(id), idOf('lease.md'))
    await app.page.evaluate((id) => window.manifold!.open(id), idOf('run-me.sh'))
    await app.page.evaluate((id) => window.manifold!.reveal(id), idOf('lease.md'))
    const told = await app.evaluate(() => (globalThis as unknown as { told: string[] }).told)
    const lease = join(directory, 'notes', 'lease.md')
    expect(told).toEqual([`open ${lease}`, `show ${join(directory, 'run-me.sh')}`, `show ${lease}`])
    const refused = await app.page.evaluate(() =>
      window.manifold!.open(999_999).catch((error) => String(error)),
    )
    expect(refused).toContain('no such document')
  })

  test('sets the theme of the system’s own parts when the setting changes', async () => {
    await call('settings/update', { theme: 'dark' })
    await until(async () => (await app.evaluate(({ nativeTheme }) => nativeTheme.themeSource)) === 'dark')
    const refused = await app.page.evaluate(() =>
      window.manifold!.setTheme('pink' as 'dark').catch((error) => String(error)),
    )
    expect(refused).toBe('Error: not a theme')
  })
})

describe('processes', () => {
  test('runs the engine and the indexer as utility processes, which fork nothing themselves', async () => {
    const { pid } = await address()
    expect(pid).not.toBe(app.pid)
    if (process.platform === 'linux') {
      const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1]
      // Under real Electron a zygote may stand between.
      if (app.kind === 'stand-in') expect(Number(parent)).toBe(app.pid)
    }
  })

  test.skipIf(process.platform !== 'linux')(
    'closes the engine’s side of a stream the window gave up',
    async () => {
      const { socket } = await address()
      const connections = () =>
        readFileSync('/proc/net/unix', 'utf8')
          .split('\n')
          .filter((line) => line.endsWith(socket) && line.split(/\s+/)[5] === '03').length
      await app.page.evaluate(async () => {
        const controllers = Array.from({ length: 5 }, () => new AbortController())
        await Promise.all(
          controllers.map(async ({ signal }) => {
            const response = await fetch('/rpc/system/events', {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: '{}',
              signal,
            })
            await response.body!.getReader().read()
          }),
        )
        Object.assign(globalThis, { controllers })
      })
      const during = connections()
      expect(during).toBeGreaterThanOrEqual(5)
      await app.page.evaluate(() => {
        for (const one of (globalThis as unknown as { controllers: AbortController[] }).controllers)
          one.abort()
      })
      await until(async () => connections() <= during - 5)
    },
  )

  test('starts another engine when one is killed, and loses nothing [DA1]', async () => {
    const before = (await call<Listed>('documents/list')).documents.length
    const { pid } = await address()
    process.kill(pid, 'SIGKILL')
    const after = await until(async () => {
      const { documents } = await call<Listed>('documents/list')
      return documents
    })
    expect(after.length).toBe(before)
    expect((await address()).pid).not.toBe(pid)
  })

  test('comes back every time, however often the engine dies, and children go with it [DA1]', async () => {
    const seen = new Set<number>()
    for (let i = 0; i < 3; i++) {
      const { pid } = await until(async () => {
        const found = await address()
        return seen.has(found.pid) ? null : found
      })
      seen.add(pid)
      process.kill(pid, 'SIGKILL')
    }
    await until(async () => 'version' in (await call('system/status')))
    if (process.platform !== 'linux') return
    const left = readdirSync('/proc').filter((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8')
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8')
        return environment.includes(directory) && /processes\/(engine|indexer|extractor)\.js/.test(command)
      } catch {
        return false
      }
    })
    // One engine, and at most its indexer and that one's extractor.
    expect(left.length).toBeLessThanOrEqual(3)
  })

  test('is one app: a second start brings the first to the front and ends', async () => {
    await app.evaluate(({ BrowserWindow }) => {
      const window = BrowserWindow.getAllWindows()[0]!
      window.focus = () => void Object.assign(globalThis, { focused: true })
    })
    if (app.kind !== 'stand-in') return
    const register = new URL('../support/electron-register.ts', import.meta.url).href
    await promisify(execFile)(
      process.execPath,
      ['--import', register, join(packageRoot(), 'out', 'main', 'index.js')],
      {
        env: { ...process.env, MANIFOLD_TEST_USER_DATA: join(directory, 'user-data') },
        timeout: 20_000,
      },
    )
    await until(() => app.evaluate(() => (globalThis as { focused?: boolean }).focused))
  })

  test('answers the command line on the private socket', async () => {
    const { version } = await (await client()).system.status()
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
  })
})

describe('another library', () => {
  test('is refused with a sentence and left alone when a newer version wrote it [DA4]', async () => {
    const other = join(directory, 'newer')
    await mkdir(join(other, 'library'), { recursive: true })
    const path = join(other, 'library', 'library.db')
    const database = new Database(path)
    database.exec('CREATE TABLE future (id INTEGER)')
    database.pragma('user_version = 9999')
    database.close()
    const bytes = await readFile(path)
    const refused = await launchApp({ directory: other }).catch((error: unknown) => error as Error)
    if (!(refused instanceof Error)) {
      await until(async () => /newer version/.test(refused.output()))
      await refused.close()
    } else {
      expect(refused.message).toMatch(/newer version/)
    }
    expect(await readFile(path)).toEqual(bytes)
  })

  test('that is already served is used through its engine', async () => {
    const other = join(directory, 'served')
    await mkdir(join(other, 'run'), { recursive: true })
    const env = { ...process.env, XDG_RUNTIME_DIR: join(other, 'run') }
    const options = ['serve', '--no-open', '--port', '0', '--json', '--library', join(other, 'library')]
    const serving = spawn(process.execPath, [join(packageRoot(), 'src', 'cli', 'main.ts'), ...options], {
      env,
    })
    await new Promise((resolve) => serving.stdout.once('data', resolve))
    const second = await launchApp({ directory: other })
    try {
      const status = await second.page.evaluate(async () => {
        const headers = { 'content-type': 'application/json' }
        return (await fetch('/rpc/system/status', { method: 'POST', headers, body: '{}' })).status
      })
      expect(status).toBe(200)
    } finally {
      await second.close()
      serving.kill('SIGTERM')
    }
    expect(await new Promise((resolve) => serving.once('exit', resolve))).toBe(0)
  })
})
