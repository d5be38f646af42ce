/**
 * The files of a model's folder: bounded, parsed against a schema, never outside the folder. Everything in it is hostile;
 * what is not right is refused with 'model-invalid' and `data.problem`.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'

const maxJsonBytes = 64_000_000

const Card = z.looseObject({
  license: z.unknown().optional(),
  language: z.unknown().optional(),
})

export function invalid(
  problem: string,
  message: string,
  data: Record<string, string | number> = {},
): AppError {
  return new AppError('model-invalid', message, { data: { problem, ...data } })
}

/** A file inside `root` by its relative path; 'model-invalid' when it leads out or is not there. */
export async function insideFile(root: string, path: string): Promise<string> {
  const file = resolve(root, path)
  const way = relative(root, file)
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || resolve(root, way) !== file) {
    throw invalid('path', 'the model names a file outside its folder', { file: path })
  }
  const there = await stat(file).catch(() => null)
  if (!there?.isFile() || there.size === 0)
    throw invalid('missing-file', `${path} is missing or empty`, { file: path })
  return file
}

/** null when there is no such file. */
export async function readJson<T>(root: string, path: string, schema: z.ZodType<T>): Promise<T | null> {
  const file = resolve(root, path)
  if (relative(root, file).startsWith('..'))
    throw invalid('path', 'the model names a file outside its folder', { file: path })
  const there = await stat(file).catch(() => null)
  if (!there) return null
  if (!there.isFile() || there.size > maxJsonBytes)
    throw invalid('file', `${path} is not what it should be`, { file: path })
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new AppError('model-invalid', `${path} is damaged: it cannot be read as JSON`, {
      cause: error,
      data: { problem: 'json', file: path },
    })
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    throw invalid(
      'file',
      `${path} is not what it should be: ${z.prettifyError(parsed.error).slice(0, 300)}`,
      { file: path },
    )
  return parsed.data
}

/** Licence and languages from the front matter of README.md, as the hub's model cards have it. Never a reason to refuse. */
export async function readCard(root: string): Promise<{ licence: string; languages: string[] }> {
  const none = { licence: '', languages: [] }
  try {
    const file = join(root, 'README.md')
    if ((await stat(file)).size > 4_000_000) return none
    const [, matter] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(await readFile(file, 'utf8')) ?? []
    if (!matter) return none
    const card = Card.parse(parseYaml(matter, { maxAliasCount: 0 }))
    const languages = [card.language].flat().filter((one): one is string => typeof one === 'string')
    return { licence: typeof card.license === 'string' ? card.license : '', languages }
  } catch {
    // No card, or one that is not YAML: the fields stay empty.
    return none
  }
}

export async function folderSize(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
