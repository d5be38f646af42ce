/**
 * `npm start`: builds what is older than its source, then opens the desktop app. Where Electron's binary is missing and
 * cannot be fetched within 20 seconds, or there is no desktop, it says so in one line and opens the browser door
 * instead. `--browser` asks for that; other arguments go to `manifold serve` (--port N, --no-open, --library DIR).
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isStale } from './stale.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const fetchLimitMs = 20_000
/** An app that cannot start here (a library of the system is missing) is gone sooner than this. */
const startLimitMs = 8_000

let current: ChildProcess | null = null
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => current?.kill(signal))

const options = process.argv.slice(2)
const wantsBrowser = options.includes('--browser')
const serveOptions = options.filter((option) => option !== '--browser')

if (await isStale(root)) {
  console.log('Building Manifold…')
  const failed = await run(process.execPath, [bin('electron-vite'), 'build', '--logLevel', 'error'])
  if (failed) process.exit(failed)
}
process.exitCode = wantsBrowser ? await openBrowserDoor() : await openApp()

async function openApp(): Promise<number> {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return openBrowserDoor('Electron needs a desktop and there is none here, so Manifold opens in a browser.')
  }
  const electron = electronBinary() ?? (await fetchElectron())
  if (!electron) {
    return openBrowserDoor('Electron could not be fetched within 20 seconds, so Manifold opens in a browser.')
  }
  const startedAt = Date.now()
  // Chromium's sandbox refuses to run as root; nobody else is affected.
  const asRoot = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const code = await run(electron, [...asRoot, root])
  if (code === 0 || Date.now() - startedAt > startLimitMs) return code
  return openBrowserDoor('Electron does not run here, so Manifold opens in a browser.')
}

async function openBrowserDoor(reason?: string): Promise<number> {
  if (reason) console.log(reason)
  return run(process.execPath, [join(root, 'src', 'cli', 'main.ts'), 'serve', ...serveOptions])
}

function electronBinary(): string | null {
  const folder = join(root, 'node_modules', 'electron')
  const pathFile = join(folder, 'path.txt')
  if (!existsSync(pathFile)) return null
  const binary = join(folder, 'dist', readFileSync(pathFile, 'utf8').trim())
  return existsSync(binary) ? binary : null
}

/** Electron's own downloader, which keeps its archives and checks their hashes. */
async function fetchElectron(): Promise<string | null> {
  console.log('Fetching Electron (once)…')
  const installer = join(root, 'node_modules', 'electron', 'install.js')
  if (!existsSync(installer)) return null
  const child = spawn(process.execPath, [installer], { cwd: root, stdio: 'ignore' })
  current = child
  const timer = setTimeout(() => child.kill('SIGKILL'), fetchLimitMs)
  await new Promise((resolve) => child.on('close', resolve).on('error', resolve))
  clearTimeout(timer)
  current = null
  return electronBinary()
}

/** Exit code of a program that has this terminal. */
function run(command: string, commandOptions: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, commandOptions, { cwd: root, stdio: 'inherit' })
    current = child
    child.on('error', () => resolve(1))
    child.on('exit', (code, signal) => {
      current = null
      resolve(signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : (code ?? 1))
    })
  })
}

function bin(name: string): string {
  const require = createRequire(join(root, 'package.json'))
  const manifest = join(root, 'node_modules', name, 'package.json')
  const { bin: programs } = require(manifest) as { bin: Record<string, string> | string }
  return join(dirname(manifest), typeof programs === 'string' ? programs : programs[name]!)
}
