/**
 * Stands in for the `electron` module where its binary cannot be had: the built main process runs in plain Node, and a
 * window is a page of a real Chromium. Only what src/main uses is here, and it is true to what has bitten others:
 *
 * - utility processes are forked by main alone, after `ready`; they have `process.type === 'utility'` and parentPort;
 * - child_process.fork throws everywhere; message ports are handed over, not copied;
 * - a fetch given up by the page does not abort the protocol handler's request, it cancels the answer's body;
 * - `net.fetch` of a file ignores Range; uploads to a custom protocol come without Content-Length;
 * - privileged schemes are registered before `ready` or not at all; an error across IPC keeps only its message.
 *
 * Chromium cannot be taught a scheme from outside, so the page is at http://127.0.0.1:<port>/, and a small server there
 * passes every request to the handler of app:// as app://manifold/…, streaming both ways. What that cannot show: the
 * real isolation of the preload's world (here it is a closure) and of the sandbox.
 */
import { EventEmitter } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { browserArguments, browserEnvironment, browserExecutable } from './browser.ts'
import { realFork } from './electron-fuses.ts'
import { PortHub, StandInPort, type Envelope, type PortOwner } from './electron-ports.ts'
import { preloadScript } from './electron-preload.ts'

type Handler = (request: Request) => Response | Promise<Response>

const hub = new PortHub()
const handlers = new Map<string, Handler>()
const ipcHandlers = new Map<string, (event: unknown, ...args: unknown[]) => unknown>()
const windows = new Set<StandInWindow>()
let context: BrowserContext | null = null
let origin = ''
let isReady = false

const toAppUrl = (url: string): string =>
  url.startsWith(origin) ? 'app://manifold' + url.slice(origin.length) : url

class App extends EventEmitter {
  readonly isPackaged = false
  #quitting = false
  readonly #ready = Promise.withResolvers<void>()

  constructor() {
    super()
    setImmediate(
      () => void launch().then(() => ((isReady = true), this.#ready.resolve(), this.emit('ready'))),
    )
  }

  whenReady = () => this.#ready.promise
  isReady = () => isReady
  getLocale = () => process.env.MANIFOLD_TEST_LOCALE ?? 'en-US'
  getPath = (name: string) => join(this.#userData(), name === 'userData' ? '' : name)
  getVersion = () => '0.0.0'
  enableSandbox(): void {
    if (isReady) throw new Error('enableSandbox only works before the app is ready')
  }

  /** Signals the first instance, as Electron tells it. */
  requestSingleInstanceLock(): boolean {
    const file = join(this.#userData(), 'SingletonLock')
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
    } catch {
      try {
        process.kill(Number(readFileSync(file, 'utf8')), 'SIGUSR2')
        return false
      } catch {
        writeFileSync(file, String(process.pid))
      }
    }
    process.on('SIGUSR2', () => this.emit('second-instance', {}, [], ''))
    process.on('exit', () => rmSync(file, { force: true }))
    return true
  }

  quit(): void {
    void this.#quit()
  }

  async #quit(): Promise<void> {
    if (!this.#quitting) this.emit('before-quit', {})
    this.#quitting = true
    for (const window of windows) await window.close()
    let prevented = false
    this.emit('will-quit', { preventDefault: () => (prevented = true) })
    if (prevented) return
    await context?.close().catch(() => {})
    process.exit(0)
  }

  windowClosed(): void {
    if (windows.size === 0 && !this.#quitting) this.emit('window-all-closed')
  }

  #userData(): string {
    return process.env.MANIFOLD_TEST_USER_DATA ?? tmpdir()
  }
}

export const app = new App()

export const protocol = {
  registerSchemesAsPrivileged(schemes: { scheme: string; privileges: Record<string, boolean> }[]): void {
    if (isReady) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready')
    for (const { privileges } of schemes) {
      for (const needed of ['standard', 'secure', 'supportFetchAPI', 'stream']) {
        if (!privileges[needed]) throw new Error(`the window needs the scheme to be ${needed}`)
      }
    }
  },
  handle(scheme: string, handler: Handler): void {
    if (!isReady) throw new Error('protocol.handle before app is ready')
    if (handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`)
    handlers.set(scheme, handler)
  },
}

export const net = {
  /** Electron answers a file whole, whatever Range says (electron#38749). */
  fetch: async (url: string): Promise<Response> => {
    if (!url.startsWith('file:')) throw new Error('the app is offline')
    return new Response(readFileSync(new URL(url)))
  },
}

class StandInSession extends EventEmitter {
  request: (contents: unknown, permission: string, answer: (granted: boolean) => void) => void = () => {}
  check: (contents: unknown, permission: string, origin: string) => boolean = () => true
  before: ((details: { url: string }, answer: (verdict: { cancel?: boolean }) => void) => void) | null = null
  spellchecker = true
  setPermissionRequestHandler = (handler: StandInSession['request']) => void (this.request = handler)
  setPermissionCheckHandler = (handler: StandInSession['check']) => void (this.check = handler)
  setDevicePermissionHandler = (_handler: () => boolean) => {}
  setSpellCheckerEnabled = (on: boolean) => void (this.spellchecker = on)
  webRequest = {
    onBeforeRequest: (handler: NonNullable<StandInSession['before']>) => void (this.before = handler),
  }

  /** What the app lets through, asked as Electron would ask it. */
  isBlocked(url: string): boolean {
    let blocked = false
    this.before?.({ url: toAppUrl(url) }, ({ cancel }) => (blocked = cancel ?? false))
    return blocked
  }
}

export const session = { defaultSession: new StandInSession() }

class StandInContents extends EventEmitter {
  page: Page | null = null
  readonly #preferences: Record<string, unknown>
  openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' })

  constructor(preferences: Record<string, unknown>) {
    super()
    this.#preferences = preferences
  }
  getURL = () => toAppUrl(this.page?.url() ?? '')
  getLastWebPreferences = () => this.#preferences
  setWindowOpenHandler = (handler: StandInContents['openHandler']) => void (this.openHandler = handler)
}

class StandInWindow extends EventEmitter {
  readonly webContents: StandInContents
  readonly #preload: string
  progress = -1
  #loading: Promise<void> | null = null

  constructor(options: { webPreferences: Record<string, unknown> & { preload: string } }) {
    super()
    if (!isReady) throw new Error('Cannot create BrowserWindow before app is ready')
    this.#preload = options.webPreferences.preload
    this.webContents = new StandInContents(options.webPreferences)
    windows.add(this)
    app.emit('web-contents-created', {}, this.webContents)
  }

  static getAllWindows = () => [...windows]
  static fromWebContents = (contents: unknown) =>
    [...windows].find((one) => one.webContents === contents) ?? null

  loadURL(url: string): Promise<void> {
    this.#loading = this.#load(url)
    return this.#loading
  }

  async #load(url: string): Promise<void> {
    const page = await context!.newPage()
    this.webContents.page = page
    page.on('close', () => {
      windows.delete(this)
      this.emit('closed')
      app.windowClosed()
    })
    page.on('popup', (popup) => {
      const { action } = this.webContents.openHandler({ url: toAppUrl(popup.url()) })
      if (action === 'deny') void popup.close().catch(() => {})
    })
    await page.route(
      (url) => url.pathname === '/' || url.origin !== origin,
      async (route) => {
        const request = route.request()
        const target = request.url()
        const isMain = request.isNavigationRequest() && request.frame() === page.mainFrame()
        let prevented = false
        if (isMain && page.url() !== 'about:blank') {
          const details = { url: toAppUrl(target), preventDefault: () => (prevented = true) }
          this.webContents.emit('will-navigate', details)
        }
        // 204 leaves the page where it is; an aborted navigation would show Chromium's error page.
        if (prevented) return route.fulfill({ status: 204 })
        return route.fallback()
      },
    )
    await page.exposeBinding('standInInvoke', async ({ frame }, channel: string, args: unknown[]) => {
      const handler = ipcHandlers.get(channel)
      if (!handler) throw new Error(`No handler registered for '${channel}'`)
      const parent = frame.parentFrame()
      const senderFrame = { url: toAppUrl(frame.url()), parent: parent && { url: toAppUrl(parent.url()) } }
      try {
        return structuredClone(await handler({ sender: this.webContents, senderFrame }, ...args))
      } catch (error) {
        throw new Error(`Error invoking remote method '${channel}': ${String(error)}`, { cause: error })
      }
    })
    await page.addInitScript(preloadScript(readFileSync(this.#preload, 'utf8'), origin))
    await page.goto(url.replace('app://manifold', origin), { waitUntil: 'commit' })
    this.emit('ready-to-show')
    process.send?.({ standIn: 'window', origin })
  }

  async close(): Promise<void> {
    await this.#loading?.catch(() => {})
    await this.webContents.page?.close().catch(() => {})
    windows.delete(this)
  }
  show(): void {}
  focus(): void {
    this.emit('focus')
  }
  restore(): void {}
  isMinimized = () => false
  setProgressBar = (progress: number) => void (this.progress = progress)
}
export { StandInWindow as BrowserWindow }

export const ipcMain = {
  handle: (channel: string, handler: (event: unknown, ...args: unknown[]) => unknown) =>
    void ipcHandlers.set(channel, handler),
}

class MessageChannelMain {
  readonly port1: StandInPort
  readonly port2: StandInPort
  constructor() {
    const { port1, port2 } = hub.channel()
    this.port1 = port1
    this.port2 = port2
  }
}
export { MessageChannelMain }

class StandInUtilityProcess extends EventEmitter implements PortOwner {
  pid: number | undefined
  readonly #child

  constructor(modulePath: string, args: string[]) {
    super()
    this.#child = realFork(modulePath, args, {
      serialization: 'advanced',
      execArgv: ['--import', new URL('./electron-utility.ts', import.meta.url).href],
    })
    this.#child.on('spawn', () => {
      this.pid = this.#child.pid
      this.emit('spawn')
    })
    this.#child.on('error', () => {})
    this.#child.on('message', (envelope: Envelope) => {
      if (envelope.kind === 'message') this.emit('message', envelope.data)
      if (envelope.kind === 'port') hub.route(envelope.id, envelope.data)
      if (envelope.kind === 'port-closed') hub.closed(envelope.id)
    })
    this.#child.on('exit', (code) => {
      this.pid = undefined
      hub.ownerGone(this)
      this.emit('exit', code ?? 1)
    })
  }

  postMessage(data: unknown, ports: StandInPort[] = []): void {
    for (const port of ports) hub.handOver(port, this)
    this.send({ kind: 'message', data: structuredClone(data), ports: ports.map((port) => port.id) })
  }

  send(envelope: Envelope): void {
    if (this.#child.connected) this.#child.send(envelope)
  }

  kill(): boolean {
    return this.#child.kill()
  }
}

export const utilityProcess = {
  fork(modulePath: string, args: string[] = []): StandInUtilityProcess {
    if (!isReady) throw new Error('utilityProcess cannot be created before app is ready')
    return new StandInUtilityProcess(modulePath, args)
  },
}

export const dialog = {
  showOpenDialog: async (..._options: unknown[]) => ({ canceled: true, filePaths: [] as string[] }),
  showMessageBox: async (_options: unknown) => ({ response: 1 }),
  showErrorBox: (title: string, content: string) => console.error(`${title}: ${content}`),
}

export const shell = {
  showItemInFolder: (_path: string) => {},
  openPath: async (_path: string) => '',
  openExternal: async (_url: string) => {},
}

export const Menu = {
  buildFromTemplate: (template: unknown) => template,
  setApplicationMenu: (_menu: unknown) => {},
}

export const nativeTheme = {
  shouldUseDarkColors: false,
  get themeSource(): string {
    return this.chosen
  },
  set themeSource(theme: string) {
    this.chosen = theme
    const colorScheme = theme === 'dark' || theme === 'light' ? theme : null
    for (const window of windows) void window.webContents.page?.emulateMedia({ colorScheme })
  },
  chosen: 'system',
}

async function launch(): Promise<void> {
  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const port = process.env.MANIFOLD_TEST_DEVTOOLS_PORT
  const executablePath = await browserExecutable()
  context = await chromium.launchPersistentContext(join(app.getPath('userData'), 'profile'), {
    executablePath,
    env: browserEnvironment(executablePath),
    args: browserArguments(port ? [`--remote-debugging-port=${port}`] : []),
    viewport: { width: 1280, height: 840 },
  })
  // Of pages that were opened, too.
  await context.route(
    (url) => url.origin !== origin,
    (route) =>
      session.defaultSession.isBlocked(route.request().url())
        ? route.abort('blockedbyclient')
        : route.continue(),
  )
}

async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (name === 'host' || name === 'connection' || name === 'content-length') continue
    headers.set(name, String(value).replaceAll(origin, 'app://manifold'))
  }
  const hasBody = incoming.method !== 'GET' && incoming.method !== 'HEAD'
  // No signal: Electron's handler never hears of an abort.
  const request = new Request(`app://manifold${incoming.url ?? '/'}`, {
    method: incoming.method,
    headers,
    ...(hasBody ? { body: Readable.toWeb(incoming), duplex: 'half' } : {}),
  } as RequestInit)
  try {
    const response = await handlers.get('app')!(request)
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    if (!response.body) return void outgoing.end()
    outgoing.flushHeaders()
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
    outgoing.on('close', () => body.destroy())
    body.on('error', () => outgoing.destroy())
    body.pipe(outgoing)
  } catch (error) {
    console.error(error)
    outgoing.destroy()
  }
}

/** The tests' `evaluate`, as Playwright offers it for a real Electron. */
const electron = {
  app,
  protocol,
  net,
  session,
  BrowserWindow: StandInWindow,
  ipcMain,
  utilityProcess,
  dialog,
  shell,
  Menu,
  nativeTheme,
}
process.on('message', async (message: { evaluate?: number; source: string; argument: unknown }) => {
  if (message.evaluate === undefined) return
  try {
    // oxlint-disable-next-line no-eval -- the function comes from the test
    const run = (0, eval)(`(${message.source})`) as (module: unknown, argument: unknown) => unknown
    process.send!({ standIn: 'result', id: message.evaluate, value: await run(electron, message.argument) })
  } catch (error) {
    process.send!({ standIn: 'result', id: message.evaluate, error: String(error) })
  }
})
process.on('disconnect', () => app.quit())
