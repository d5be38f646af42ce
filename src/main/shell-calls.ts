/**
 * What the window may ask of the desktop [window.manifold]. Paths come from real drops and from dialogs, never from
 * the page; documents are named by their id, and only kinds that cannot run are opened.
 */
import { BrowserWindow, dialog, ipcMain, nativeTheme, shell, type IpcMainInvokeEvent } from 'electron'
import { extname } from 'node:path'
import { appOrigin } from './app-protocol.ts'
import type { EngineLink } from './engine-link.ts'
import { shellChannel, type ShellCalls } from '../shared/shell-channel.ts'
import { AppError } from '../shared/errors.ts'
import { texts } from './texts.ts'

const readableExtensions = ['pdf', 'md', 'markdown', 'mdx', 'txt', 'text', 'log']
const themes = ['system', 'light', 'dark'] as const

export function serveShellCalls(engine: EngineLink): void {
  const link = async (paths: string[]) => {
    if (paths.length === 0) return { documents: 0, unchanged: 0, refused: [] }
    const { client } = await engine.ready()
    return client.local.add({ paths })
  }
  const pick = async (
    event: IpcMainInvokeEvent,
    properties: ('openFile' | 'openDirectory' | 'multiSelections')[],
  ) => {
    const window = BrowserWindow.fromWebContents(event.sender)
    const filters = [
      { name: texts().documents, extensions: readableExtensions },
      { name: '*', extensions: ['*'] },
    ]
    const options = { properties, ...(properties.includes('openFile') ? { filters } : {}) }
    const { canceled, filePaths } = await (window
      ? dialog.showOpenDialog(window, options)
      : dialog.showOpenDialog(options))
    return canceled || filePaths.length === 0 ? null : link(filePaths)
  }
  const pathOf = async (id: unknown) => {
    if (!Number.isSafeInteger(id)) throw new AppError('bad-request', 'not a document id')
    const { client } = await engine.ready()
    return (await client.local.reveal({ id: id as number })).path
  }

  const calls: {
    [Name in keyof ShellCalls]: (event: IpcMainInvokeEvent, argument: unknown) => Promise<unknown>
  } = {
    async addPaths(_event, paths) {
      if (!Array.isArray(paths) || paths.some((path) => typeof path !== 'string' || path === '')) {
        throw new AppError('bad-request', 'not a list of paths')
      }
      return link(paths as string[])
    },
    pickFiles: (event) => pick(event, ['openFile', 'multiSelections']),
    pickFolder: (event) => pick(event, ['openDirectory', 'multiSelections']),
    async reveal(_event, id) {
      shell.showItemInFolder(await pathOf(id))
    },
    async open(_event, id) {
      const path = await pathOf(id)
      // A document may be any file the person linked; opening a program would run it.
      if (!readableExtensions.includes(extname(path).slice(1).toLowerCase()))
        return shell.showItemInFolder(path)
      const problem = await shell.openPath(path)
      if (problem) throw new AppError('unavailable', problem)
    },
    async setTheme(_event, theme) {
      const known = themes.find((one) => one === theme)
      if (!known) throw new AppError('bad-request', 'not a theme')
      nativeTheme.themeSource = known
    },
  }

  ipcMain.handle(shellChannel, async (event, name: unknown, argument: unknown) => {
    const { senderFrame } = event
    const isOurs = senderFrame?.url.startsWith(`${appOrigin}/`) && senderFrame.parent === null
    if (!isOurs) throw new AppError('forbidden', 'not our window')
    if (typeof name !== 'string' || !Object.hasOwn(calls, name))
      throw new AppError('bad-request', 'no such call')
    return calls[name as keyof ShellCalls](event, argument)
  })
}
