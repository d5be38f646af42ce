/**
 * A real Chromium for the tests: the one installed, else the one that came with the packages (its own flags are for a
 * cloud service and not used). Files are dropped through the browser's own input, with real paths.
 */

import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { chromium, type Browser, type CDPSession, type Locator, type Page } from 'playwright-core'
import { packageRoot } from '../../src/core/package-layout.ts'

const installed = [
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

/** Chromium itself talks to its maker now and then; the tests prove that nothing leaves, so it must not. */
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-features=OptimizationHints,MediaRouter,Translate,InterestFeedContentSuggestions',
  '--metrics-recording-only',
  '--no-first-run',
  '--no-pings',
]

export async function browserExecutable(): Promise<string> {
  const wanted = process.env.MANIFOLD_TEST_BROWSER
  return [...(wanted ? [wanted] : []), ...installed].find((path) => existsSync(path)) ?? packagedBrowser()
}

const chromiumVersion = (): string => {
  const manifest = join(packageRoot(), 'node_modules', '@sparticuz', 'chromium', 'package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

/**
 * The package unpacks into the folder for temporary files, and takes what it finds there for whole; two tests at once
 * would run half a browser. So: into a folder of our own, moved into place when it is complete.
 */
async function packagedBrowser(): Promise<string> {
  const version = chromiumVersion()
  const ready = join(tmpdir(), `manifold-test-browser-${userInfo().username}-${version}`)
  const executable = join(ready, 'chromium')
  if (existsSync(executable)) return executable
  const making = await mkdtemp(`${ready}-`)
  const before = process.env.TMPDIR
  process.env.TMPDIR = making
  try {
    const { default: packaged } = await import('@sparticuz/chromium')
    await packaged.executablePath()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
  if (lacksLibraries(join(making, 'chromium'))) {
    // The package brings them for such a machine; they lie beside the browser, and only it is told of them.
    const archive = readFileSync(
      join(packageRoot(), 'node_modules', '@sparticuz', 'chromium', 'bin', 'al2023.tar.br'),
    )
    execFileSync('tar', ['-x', '-C', making], { input: brotliDecompressSync(archive) })
  }
  // Another test may have been faster; its copy is as good.
  await rename(making, ready).catch(() => rm(making, { recursive: true, force: true }))
  return executable
}

function lacksLibraries(executable: string): boolean {
  try {
    return execFileSync('ldd', [executable], { encoding: 'utf8' }).includes('not found')
  } catch {
    return false
  }
}

/** The environment a browser is started in: where its own libraries are, if it needed any. */
export function browserEnvironment(executable: string): Record<string, string> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
  const libraries = join(dirname(executable), 'lib')
  return existsSync(libraries) ? { ...inherited, LD_LIBRARY_PATH: libraries } : inherited
}

export const browserArguments = (more: string[] = []): string[] => [
  '--no-sandbox',
  '--no-zygote',
  '--headless=shell',
  ...quiet,
  ...more,
]

export async function launchBrowser(): Promise<Browser> {
  const executablePath = await browserExecutable()
  return chromium.launch({
    executablePath,
    env: browserEnvironment(executablePath),
    args: browserArguments(),
    headless: true,
  })
}

/**
 * Drags files and folders over the page and lets go at the middle of `target` (the page's, if none is given). The
 * paths are real, as from a file manager.
 */
export async function dropFiles(page: Page, paths: string[], target?: string): Promise<void> {
  // Only the Electron stand-in needs telling; see electron-preload-bridge.ts.
  await page.evaluate((dropped) => {
    const told = globalThis as { standInDropped?(paths: string[]): void }
    told.standInDropped?.(dropped)
  }, paths)
  const box = target ? await page.locator(target).boundingBox() : null
  const size = page.viewportSize() ?? { width: 1280, height: 800 }
  const x = box ? box.x + box.width / 2 : size.width / 2
  const y = box ? box.y + box.height / 2 : size.height / 2
  const session: CDPSession = await page.context().newCDPSession(page)
  const data = { items: [], files: paths, dragOperationsMask: 1 }
  try {
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await session.send('Input.dispatchDragEvent', { type, x, y, data })
    }
  } finally {
    await session.detach()
  }
}

/** Writes <name>.png: to docs/images/ when MANIFOLD_PICTURES is set, else where it does not touch the checkout. */
export async function screenshot(page: Page | Locator, name: string): Promise<string> {
  const folder = process.env.MANIFOLD_PICTURES ? ['docs', 'images'] : ['.test-output', 'images']
  const directory = join(packageRoot(), ...folder)
  mkdirSync(directory, { recursive: true })
  const path = join(directory, `${name}.png`)
  await page.screenshot({ path, animations: 'disabled' })
  return path
}

/** Milliseconds from navigation to the first text or image on the screen. */
export function firstPaint(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          const paint = list.getEntriesByName('first-contentful-paint')[0]
          if (paint) resolve(paint.startTime)
        }).observe({ type: 'paint', buffered: true })
      }),
  )
}

/** Every request a page makes, as it makes it. */
export function recordRequests(page: Page): string[] {
  const urls: string[] = []
  page.on('request', (request) => urls.push(request.url()))
  return urls
}
