/**
 * Pins: the library keeps the files of the models its indexes stand on, so that neither an update of the app, which may
 * change a built-in model, nor taking a model off the list takes search by meaning away [DA4]. A pin is a folder of its
 * own, models/.pinned/<first 12 digits of the space>/, laid out like the folder of built-in models: the model under its
 * id, and the files it names outside its own folder. It is there whole or not at all, and goes when nothing stands on it.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { AppError, isDiskFull } from '../../shared/errors.ts'
import { loadModel, type Model } from '../models/load.ts'
import { pinsFolder } from '../store/library/layout.ts'

export type Pins = ReturnType<typeof createPins>

interface PinNote {
  modelId: string
  space: string
}

/** Weights, tokenizer and settings are kept; other files only while small (a card, not another variant's weights). */
const smallBytes = 1_000_000
const noteFile = 'pin.json'
const unfinished = '.part-'

const nameOf = (space: string): string => space.slice(0, 12)

export function createPins({ libraryDir, builtInDir }: { libraryDir: string; builtInDir: string }) {
  const root = pinsFolder(libraryDir)

  async function noteOf(name: string): Promise<PinNote | null> {
    try {
      return JSON.parse(await readFile(join(root, name, noteFile), 'utf8')) as PinNote
    } catch {
      // No pin of that name.
      return null
    }
  }

  async function names(): Promise<string[]> {
    return readdir(root).catch(() => [])
  }

  const has = async (space: string): Promise<boolean> => (await noteOf(nameOf(space)))?.space === space

  return {
    has,

    /** Ids of the models some pin holds. */
    async modelIds(): Promise<Set<string>> {
      const notes = await Promise.all((await names()).map(noteOf))
      return new Set(notes.flatMap((note) => (note ? [note.modelId] : [])))
    },

    /** Keeps these files from now on; nothing to do when they are kept. Throws 'disk-full'. */
    async keep(model: Model, space: string): Promise<void> {
      if (await has(space)) return
      const part = join(root, `${unfinished}${randomBytes(6).toString('hex')}`)
      try {
        for (const [from, to] of await filesOf(model, builtInDir)) {
          const target = join(part, to)
          await mkdir(dirname(target), { recursive: true, mode: 0o700 })
          await keepFile(from, target, !inside(builtInDir, from))
        }
        await writeFile(join(part, noteFile), JSON.stringify({ modelId: model.id, space } satisfies PinNote))
        await rm(join(root, nameOf(space)), { recursive: true, force: true })
        await rename(part, join(root, nameOf(space)))
      } catch (error) {
        await rm(part, { recursive: true, force: true }).catch(() => {})
        if (!isDiskFull(error)) throw error
        throw new AppError('disk-full', `The disk is full: the files of ${model.name} could not be kept.`, {
          cause: error,
          data: { model: model.id, bytes: model.sizeBytes },
        })
      }
    },

    /** The model as it was when it was pinned; null when it was not. Throws 'model-invalid' when its files were damaged. */
    async load(modelId: string, space: string): Promise<Model | null> {
      if (!(await has(space))) return null
      const folder = join(root, nameOf(space))
      const model = await loadModel(join(folder, modelId), { builtInDir: folder })
      return { ...model, builtIn: false }
    },

    /** Drops the pins of all other spaces, and what a kill left half made. Answers the bytes that were freed. */
    async dropOthers(spaces: readonly string[]): Promise<number> {
      const wanted = new Set(spaces.map(nameOf))
      let freed = 0
      for (const name of await names()) {
        if (wanted.has(name)) continue
        const path = join(root, name)
        try {
          const bytes = await sizeOf(path)
          await rm(path, { recursive: true, force: true })
          freed += bytes
        } catch {
          // In use on this platform: the next start tries again.
        }
      }
      return freed
    },
  }
}

const inside = (folder: string, file: string): boolean => {
  const way = relative(folder, file)
  return way !== '..' && !way.startsWith(`..${sep}`)
}

/** Where each file is, and where it goes inside the pin. */
async function filesOf(model: Model, builtInDir: string): Promise<Map<string, string>> {
  const needed = [...model.weightFiles, model.tokenizerFile, model.tokenizerConfigFile].filter(
    (file) => file !== null,
  )
  const files = new Map<string, string>()
  for (const file of needed) {
    files.set(
      file,
      inside(model.folder, file) ? join(model.id, relative(model.folder, file)) : relative(builtInDir, file),
    )
  }
  for (const entry of await readdir(model.folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (!entry.isFile() || (await stat(file)).size > smallBytes) continue
    files.set(file, join(model.id, relative(model.folder, file)))
  }
  return files
}

/**
 * Linked inside the library, where files are replaced and never written into; copied out of the app's folder, because an
 * installer may write over a file in place, and the link with it. Copied too where linking is not possible.
 */
async function keepFile(from: string, to: string, mayLink: boolean): Promise<void> {
  if (mayLink) {
    try {
      return await link(from, to)
    } catch {
      // Another disk, or a file system without links.
    }
  }
  await copyFile(from, to, constants.COPYFILE_FICLONE)
}

/** What removing it gives back: a linked file's bytes belong to the model's own folder too. */
async function sizeOf(folder: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const { size, nlink } = await stat(join(entry.parentPath, entry.name))
    if (nlink === 1) sum += size
  }
  return sum
}
