/** Preloaded into the stand-in's main process: `electron` means the stand-in, and fork is gone as under the fuses. */
import { registerHooks } from 'node:module'
import { forbidFork } from './electron-fuses.ts'

const standIn = new URL('./electron-stand-in.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: standIn, shortCircuit: true } : next(specifier, context),
})
Object.defineProperty(process, 'type', { value: 'browser' })
Object.defineProperty(process.versions, 'electron', { value: '45.4.1' })
Object.defineProperty(process, 'resourcesPath', { value: '/nowhere/electron/dist/resources' })
forbidFork()
