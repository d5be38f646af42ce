/**
 * What the window may ask of the desktop [window.manifold]. Paths come from real drops and from dialogs, never from
 * the page; documents are named by their id, and only kinds that cannot run are opened.
 */
import {
  BrowserWindow,
  dialog,
  ipcMain,
  nativeTheme,
  shell,
  type IpcMainInvokeEvent,
  type OpenDialogOptions,
} from 'electron'
import { extname } from 'node:path'
import { appOrigin } from './app-protocol.ts'
import type { EngineLink } from './engine-link.ts'
import { shellChannel, type ShellCalls } from '../shared/shell-channel.ts'
import { AppError, toErrorShape } from '../shared/errors.ts'
import { isMirrorAddress } from '../shared/models.ts'
import { texts } from './texts.ts'

const readableExtensions = ['pdf', 'md', 'markdown', 'mdx', 'txt', 'text', 'log']
const themes = ['system', 'light', 'dark'] as const

export function serveShellCalls(engine: EngineLink): void {
  const link = async (paths: string[]) => {
    if (paths.length === 0) return { documents: 0, unchanged: 0, refused: [] }
    const { client } = await engine.ready()
    return client.local.add({ paths })
  }
  const choose = async (event: IpcMainInvokeEvent, options: OpenDialogOptions): Promise<string[] | null> => {
    const window = BrowserWindow.fromWebContents(event.sender)
    const { canceled, filePaths } = await (window
      ? dialog.showOpenDialog(window, options)
      : dialog.showOpenDialog(options))
    return canceled || filePaths.length === 0 ? null : filePaths
  }
  const pick = async (
    event: IpcMainInvokeEvent,
    properties: ('openFile' | 'openDirectory' | 'multiSelections')[],
  ) => {
    const filters = [
      { name: texts().documents, extensions: readableExtensions },
      { name: '*', extensions: ['*'] },
    ]
    const paths = await choose(event, {
      properties,
      ...(properties.includes('openFile') ? { filters } : {}),
    })
    return paths && link(paths)
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
    async importModel(event, kind) {
      if (kind !== 'folder' && kind !== 'zip') throw new AppError('bad-request', 'not a kind of model')
      const paths = await choose(
        event,
        kind === 'folder'
          ? { properties: ['openDirectory'] }
          : { properties: ['openFile'], filters: [{ name: texts().model, extensions: ['zip'] }] },
      )
      if (!paths) return null
      const { client } = await engine.ready()
      try {
        return await client.local.importModel({ path: paths[0]! })
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return { error: toErrorShape(error) }
      }
    },
    async useMirror(_event, address) {
      if (typeof address !== 'string' || !isMirrorAddress(address))
        throw new AppError('bad-request', 'An https address is expected.')
      const words = texts()
      const { response } = await dialog.showMessageBox({
        type: 'question',
        message: words.useMirror,
        detail: `${address}\n\n${words.useMirrorDetail}`,
        buttons: [words.use, words.cancel],
        defaultId: 1,
        cancelId: 1,
      })
      if (response !== 0) return false
      const { client } = await engine.ready()
      await client.settings.update({ modelSource: 'custom', modelMirror: address })
      return true
    },
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
