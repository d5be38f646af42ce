/**
 * The preload script as something a page can run before its own scripts: wrapped with the modules a sandboxed preload
 * may require. Real Electron gives it a world of its own; here a closure hides it.
 */

/** `preload` is the built CommonJS file, `origin` the only one whose pages get it. */
export const preloadScript = (preload: string, origin: string): string => `
(() => {
  if (location.origin !== ${JSON.stringify(origin)} || window.top !== window) return
  const invoke = globalThis.standInInvoke
  delete globalThis.standInInvoke
  // A page cannot know paths; the test that drops files says them (browser.ts, dropFiles). By name, as drops are small.
  const dropped = new Map()
  Object.defineProperty(globalThis, 'standInDropped', {
    value: (paths) => { for (const path of paths) dropped.set(path.split(/[/\\\\]/).pop(), path) },
  })
  const electron = {
    contextBridge: {
      exposeInMainWorld(name, value) {
        if (name in globalThis) throw new Error('Cannot bind an API on top of an existing property on the window object')
        Object.defineProperty(globalThis, name, { value: Object.freeze({ ...value }), writable: false, configurable: false })
      },
    },
    ipcRenderer: {
      invoke: (channel, ...args) => {
        // Throws for what cannot be cloned, as Electron does.
        structuredClone(args)
        return invoke(channel, args)
      },
    },
    webUtils: { getPathForFile: (file) => (file instanceof File ? (dropped.get(file.name) ?? '') : '') },
  }
  const require = (name) => {
    if (name === 'electron') return electron
    throw new Error('module not found: ' + name + ' (a sandboxed preload has only electron)')
  }
  const process = Object.freeze({ platform: ${JSON.stringify(process.platform)}, type: 'renderer', sandboxed: true, contextIsolated: true, env: {}, versions: {} })
  const module = { exports: {} }
  ;(function (require, module, exports, process) {
${preload}
  })(require, module, module.exports, process)
})()
`
