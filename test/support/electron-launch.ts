/**
 * Starts the built app for a test: under real Electron where its binary is installed, else under the stand-in. Both
 * give the page and `evaluate` in the main process. Each has a library and a profile of its own in `directory`.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { _electron, chromium, type Page } from 'playwright-core'
import { packageRoot } from '../../src/core/package-layout.ts'

export interface LaunchedApp {
  readonly kind: 'electron' | 'stand-in'
  readonly page: Page
  /** Of the main process. */
  readonly pid: number
  /** Runs in the main process with the electron module; the function cannot see anything around it. */
  evaluate<Result, Argument>(
    run: (electron: typeof import('electron'), argument: Argument) => Result,
    argument?: Argument,
  ): Promise<Awaited<Result>>
  /** What the processes wrote to stdout and stderr. */
  output(): string
  close(): Promise<void>
}

export interface LaunchOptions {
  directory: string
  locale?: string
  env?: Record<string, string>
}

export async function launchApp({
  directory,
  locale = 'en-US',
  env: more = {},
}: LaunchOptions): Promise<LaunchedApp> {
  const userData = join(directory, 'user-data')
  const runtime = join(directory, 'run')
  await Promise.all([mkdir(userData, { recursive: true }), mkdir(runtime, { recursive: true })])
  const env: Record<string, string> = {
    ...(process.env as Record<string, string>),
    MANIFOLD_LIBRARY: join(directory, 'library'),
    XDG_RUNTIME_DIR: runtime,
    ...more,
  }
  const binary = electronBinary()
  return binary ? launchElectron(binary, userData, locale, env) : launchStandIn(userData, locale, env)
}

export function electronBinary(): string | null {
  const folder = join(packageRoot(), 'node_modules', 'electron')
  const pathFile = join(folder, 'path.txt')
  if (!existsSync(pathFile)) return null
  const binary = join(folder, 'dist', readFileSync(pathFile, 'utf8').trim())
  return existsSync(binary) ? binary : null
}

async function launchElectron(
  executablePath: string,
  userData: string,
  locale: string,
  env: Record<string, string>,
): Promise<LaunchedApp> {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const args = [...asRoot, `--user-data-dir=${userData}`, `--lang=${locale}`, packageRoot()]
  const app = await _electron.launch({ executablePath, args, env })
  let output = ''
  app.process().stdout?.on('data', (data) => (output += String(data)))
  app.process().stderr?.on('data', (data) => (output += String(data)))
  return {
    kind: 'electron',
    page: await app.firstWindow(),
    pid: app.process().pid!,
    evaluate: (run, argument) => app.evaluate(run as never, argument as never) as never,
    output: () => output,
    close: () => app.close(),
  }
}

async function launchStandIn(
  userData: string,
  locale: string,
  env: Record<string, string>,
): Promise<LaunchedApp> {
  const port = await freePort()
  const child = fork(join(packageRoot(), 'out', 'main', 'index.js'), [], {
    serialization: 'advanced',
    silent: true,
    execArgv: ['--import', new URL('./electron-register.ts', import.meta.url).href],
    env: {
      ...env,
      MANIFOLD_TEST_USER_DATA: userData,
      MANIFOLD_TEST_LOCALE: locale,
      MANIFOLD_TEST_DEVTOOLS_PORT: String(port),
    },
  })
  let output = ''
  child.stdout!.on('data', (data) => (output += String(data)))
  child.stderr!.on('data', (data) => (output += String(data)))
  const { origin } = await message<{ origin: string }>(
    child,
    (it) => it.standIn === 'window',
    () => output,
  )
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`)
  const page = browser
    .contexts()[0]!
    .pages()
    .find((one) => one.url().startsWith(origin))!
  let nextId = 1
  return {
    kind: 'stand-in',
    page,
    pid: child.pid!,
    async evaluate(run, argument) {
      const id = nextId++
      const answer = message<{ value: never; error?: string }>(
        child,
        (it) => it.standIn === 'result' && it.id === id,
        () => output,
      )
      child.send({ evaluate: id, source: String(run), argument })
      const { value, error } = await answer
      if (error) throw new Error(error)
      return value
    },
    output: () => output,
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null) {
        if (child.connected) child.disconnect()
        const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
        await ended
        clearTimeout(timer)
      }
      await browser.close().catch(() => {})
    },
  }
}

function message<T>(
  child: ChildProcess,
  matches: (message: Record<string, unknown>) => boolean,
  output: () => string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the app said nothing for 40 s\n${output()}`)), 40_000)
    const done = () => {
      clearTimeout(timer)
      child.off('message', onMessage)
      child.off('exit', onExit)
    }
    const onMessage = (value: unknown) => {
      if (!matches(value as Record<string, unknown>)) return
      done()
      resolve(value as T)
    }
    const onExit = (code: number | null) => {
      done()
      reject(new Error(`the app ended with code ${code}\n${output()}`))
    }
    child.on('message', onMessage)
    child.on('exit', onExit)
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
