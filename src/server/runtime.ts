/**
 * Where a running engine can be found: a directory per library that only this user can enter, with the private socket
 * and `engine.json` (address and token, mode 0600). The address proves nothing: who finds it has to knock. The lock on
 * the library is elsewhere (lock.db); a stale address is only cleared away.
 */
import { createHash, randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { AppError } from '../shared/errors.ts'

export interface EngineAddress {
  pid: number
  /** Path of a Unix socket or of a Windows pipe. */
  socket: string
  privateToken: string
}

/** Local and not roaming: databases on a synced profile are refused anyway. */
export function defaultLibraryDir(
  env: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
): string {
  if (env.MANIFOLD_LIBRARY) return resolve(env.MANIFOLD_LIBRARY)
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Manifold', 'library')
  if (platform === 'win32')
    return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'Manifold', 'library')
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'manifold', 'library')
}

/** The same for every way of writing the library's path. Not created. Short: a socket's path may have 104 bytes. */
export async function runtimeDirOf(
  libraryDir: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const real = await realpath(libraryDir).catch(() => resolve(libraryDir))
  const id = createHash('sha256').update(real).digest('hex').slice(0, 16)
  if (process.platform === 'win32') {
    return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'Manifold', 'run', id)
  }
  const base = env.XDG_RUNTIME_DIR || join(tmpdir(), `manifold-${userInfo().uid}`)
  return join(base, env.XDG_RUNTIME_DIR ? 'manifold' : '', id)
}

/** Creates the directory, mine alone. Refuses one that somebody else made. */
export async function makeRuntimeDir(directory: string): Promise<void> {
  for (const path of [join(directory, '..'), directory]) {
    await mkdir(path, { recursive: true, mode: 0o700 })
    if (process.platform === 'win32') continue
    const stat = await lstat(path)
    if (!stat.isDirectory() || stat.uid !== userInfo().uid) {
      throw new AppError(
        'forbidden',
        `${path} belongs to somebody else. Remove it, or set XDG_RUNTIME_DIR.`,
        { data: { path } },
      )
    }
    await chmod(path, 0o700)
  }
}

/** A name no other run has used, so that a socket left by a crash is never in the way. */
export const newSocketPath = (directory: string): string =>
  process.platform === 'win32'
    ? `\\\\.\\pipe\\manifold-${randomBytes(12).toString('hex')}`
    : join(directory, `${randomBytes(4).toString('hex')}.sock`)

const addressFile = (directory: string) => join(directory, 'engine.json')

export async function writeAddress(directory: string, address: EngineAddress): Promise<void> {
  const temporary = join(directory, `engine.${process.pid}.tmp`)
  await writeFile(temporary, JSON.stringify(address), { mode: 0o600 })
  await rename(temporary, addressFile(directory))
}

/** null when there is none or it cannot be read as one. */
export async function readAddress(directory: string): Promise<EngineAddress | null> {
  try {
    const value = JSON.parse(await readFile(addressFile(directory), 'utf8')) as Partial<EngineAddress>
    const { pid, socket, privateToken } = value
    if (typeof pid !== 'number' || typeof socket !== 'string' || typeof privateToken !== 'string') return null
    return { pid, socket, privateToken }
  } catch {
    return null
  }
}

/** Removes the address and its socket, if it is still this one: a successor's is left alone. */
export async function clearAddress(directory: string, address: EngineAddress): Promise<void> {
  const present = await readAddress(directory)
  if (present?.socket === address.socket) await rm(addressFile(directory), { force: true })
  if (process.platform !== 'win32') await rm(address.socket, { force: true })
}
