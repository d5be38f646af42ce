/** Whether the build (out/) is missing or older than anything it is made from. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

const built = ['out/main/index.js', 'out/preload/index.cjs', 'out/renderer/index.html']
const sources = ['src', 'electron.vite.config.ts', 'package.json', 'package-lock.json']

export async function isStale(root: string): Promise<boolean> {
  const times = await Promise.all(built.map((path) => timeOf(join(root, path))))
  if (times.some((time) => time === null)) return true
  const oldest = Math.min(...times.map((time) => time ?? 0))
  for (const source of sources) if ((await newest(join(root, source))) > oldest) return true
  return false
}

const timeOf = (path: string): Promise<number | null> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  )

async function newest(path: string): Promise<number> {
  const info = await stat(path).catch(() => null)
  if (!info) return 0
  if (!info.isDirectory()) return info.mtimeMs
  const inside = await Promise.all((await readdir(path)).map((name) => newest(join(path, name))))
  return Math.max(0, ...inside)
}
