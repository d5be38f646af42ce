/** The desktop app: one window, one engine process, and the few things only the desktop can do. */
import { app, BrowserWindow, dialog } from 'electron'
import { AppError } from '../shared/errors.ts'
import { defaultLibraryDir } from '../server/runtime.ts'
import { registerAppScheme, serveApp } from './app-protocol.ts'
import { startEngine, type EngineLink } from './engine-link.ts'
import { installMenu } from './menu.ts'
import { restrictSession, restrictWebContents } from './restrictions.ts'
import { serveShellCalls } from './shell-calls.ts'
import { showProgressInTaskbar } from './taskbar.ts'
import { texts } from './texts.ts'
import { openWindow } from './window.ts'

let engine: EngineLink | null = null

if (app.requestSingleInstanceLock()) {
  registerAppScheme()
  app.enableSandbox()
  app.on('web-contents-created', (_event, contents) => restrictWebContents(contents))
  app.on('second-instance', () => focusWindow())
  app.on('activate', () => focusWindow())
  app.on('window-all-closed', () => app.quit())
  app.on('will-quit', (event) => {
    if (!engine) return
    event.preventDefault()
    const closing = engine
    engine = null
    void closing.close().finally(() => app.quit())
  })
  void app.whenReady().then(start)
} else {
  app.quit()
}

function start(): void {
  const link = startEngine({ libraryDir: defaultLibraryDir(), onRefused: explainRefusal })
  engine = link
  restrictSession()
  serveApp(link)
  serveShellCalls(link)
  showProgressInTaskbar(link)
  installMenu()
  openWindow()
}

function focusWindow(): void {
  const window = BrowserWindow.getAllWindows()[0]
  if (!window) return void (app.isReady() && openWindow())
  if (window.isMinimized()) window.restore()
  window.focus()
}

/** The engine will not open this library however often it is asked. */
function explainRefusal(error: AppError): void {
  dialog.showErrorBox(texts().cannotOpenLibrary, error.message)
  app.quit()
}
