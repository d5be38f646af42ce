/**
 * Where this program's own files are: in a checkout run from source, in a built checkout (out/), and in a packaged
 * app, whose models and pdf.js data lie beside the archive because native code and workers read them.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(import.meta.url)
const isBuilt = here.endsWith('.js')

/** The folder with our package.json, which lies at the same height in all three. */
export function packageRoot(): string {
  let directory = dirname(here)
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory)
    if (parent === directory) throw new Error('package.json not found above this file')
    directory = parent
  }
  return directory
}

export const packageVersion = (): string =>
  (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version

export const entryOf = (folder: 'threads' | 'processes', role: string): string =>
  isBuilt
    ? join(packageRoot(), 'out', 'main', folder, `${role}.js`)
    : join(packageRoot(), 'src', 'core', folder, `${role}.ts`)

/** Electron sets this in every process; in a checkout it points into Electron itself. */
const packagedResources = (): string | undefined => (process as { resourcesPath?: string }).resourcesPath

export function resourceDirs(): { models: string; pdf: string } {
  const packaged = packagedResources()
  if (packaged && existsSync(join(packaged, 'pdf'))) {
    return { models: join(packaged, 'models'), pdf: join(packaged, 'pdf') }
  }
  const root = packageRoot()
  return { models: join(root, 'resources', 'models'), pdf: join(root, 'node_modules', 'pdfjs-dist') }
}

export const rendererDir = (): string => join(packageRoot(), 'out', 'renderer')
