/** The tiny models of test/fixtures/models, opened in a real inference thread; and copies of them to damage. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNodeHost } from '../../src/core/node-host.ts'
import { startInference, type Inference } from '../../src/core/models/inference.ts'
import { loadModel, type Model, type ModelOverrides } from '../../src/core/models/load.ts'

export const tinyModels = fileURLToPath(new URL('../fixtures/models', import.meta.url))
export const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url))

export const readJson = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T

export const tiny = (id: string, overrides: ModelOverrides = {}): Promise<Model> =>
  loadModel(join(tinyModels, id), { builtInDir: tinyModels, overrides })

export const inferenceThread = (threads = 1): Inference => startInference(createNodeHost(), { threads })

/** A writable copy of some tiny models in a folder of its own. */
export function copyOf(...ids: string[]): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'manifold-models-'))
  for (const id of ids) cpSync(join(tinyModels, id), join(dir, id), { recursive: true })
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export function editJson(path: string, change: (json: any) => unknown): void {
  writeFileSync(path, JSON.stringify(change(readJson(path))))
}
