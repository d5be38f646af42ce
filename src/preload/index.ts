/** `window.manifold`: only what a browser cannot do. Runs sandboxed; the page sees these functions and nothing else. */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import type { Shell } from '../shared/shell.ts'
import { shellChannel, type ShellCalls } from '../shared/shell-channel.ts'

const call = <Name extends keyof ShellCalls>(name: Name, argument?: Parameters<ShellCalls[Name]>[0]) =>
  ipcRenderer.invoke(shellChannel, name, argument).catch((error: Error) => {
    // Of an error in main only the text comes through, behind a preamble nobody needs to read.
    throw new Error(error.message.replace(/^Error invoking remote method '\w+': (\w*Error: )?/, ''))
  }) as ReturnType<ShellCalls[Name]>

const manifold: Shell = {
  platform: process.platform,
  addDropped: (files) =>
    call(
      'addPaths',
      files.map((file) => webUtils.getPathForFile(file)).filter((path) => path !== ''),
    ),
  pickFiles: () => call('pickFiles'),
  pickFolder: () => call('pickFolder'),
  importModel: (kind) => call('importModel', kind),
  useMirror: (address) => call('useMirror', address),
  reveal: (id) => call('reveal', id),
  open: (id) => call('open', id),
  setTheme: (theme) => call('setTheme', theme),
}

contextBridge.exposeInMainWorld('manifold', manifold)
