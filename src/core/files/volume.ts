/**
 * Where a path really lies: on which volume, and whether that is a network share or a synced cloud folder. A library
 * there would be damaged (no locks, half-synced databases), so it is refused; a linked folder there may come and go.
 * Synchronous, as it is asked once before anything is opened; only `isConnected` is asked of drives that may hang.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, realpathSync, statfsSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, parse, resolve, sep } from 'node:path'

export interface Volume {
  /** The same after a restart where the system gives something lasting, e.g. 'uuid:…', 'serial:…', 'name:…'. */
  id: string
  mountPoint: string
  /** File system type as the system names it; '' where it does not. */
  type: string
}

export type Place = { ok: true } | { ok: false; why: 'network' | 'cloud'; detail: string }

/** `path` itself or its nearest folder that exists, with links resolved. */
function existing(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      return realpathSync.native(at)
    } catch {
      if (dirname(at) === at) return at
    }
  }
}

export function volumeOf(path: string): Volume {
  const real = existing(path)
  if (process.platform === 'linux') {
    const mount = linuxMount(real)
    if (mount) return { id: linuxId(mount), mountPoint: mount.point, type: mount.type }
  }
  if (process.platform === 'darwin') {
    const mount = macMounts()
      .filter(({ point }) => isUnder(real, point))
      .sort((a, b) => b.point.length - a.point.length)[0]
    if (mount)
      return {
        id: `name:${mount.point === '/' ? '/' : basename(mount.point)}`,
        mountPoint: mount.point,
        type: mount.type,
      }
  }
  // On Windows the device number is the volume's serial number.
  const { dev } = statSync(real)
  return { id: `serial:${dev.toString(16)}`, mountPoint: parse(real).root, type: '' }
}

/** Whether a library may live there. `path` need not exist yet. */
export function checkPlace(path: string): Place {
  const real = existing(path)
  const cloud = cloudFolder(resolve(path)) ?? cloudFolder(real)
  if (cloud) return { ok: false, why: 'cloud', detail: cloud }
  const network = networkType(real)
  return network ? { ok: false, why: 'network', detail: network } : { ok: true }
}

/**
 * Whether a linked folder or file is there. An unmounted drive may leave its empty mount point behind, so the volume
 * recorded when it was linked counts too [DA6].
 */
export async function isConnected(path: string, volumeId: string | null): Promise<boolean> {
  try {
    await stat(path)
    return volumeId === null || volumeOf(path).id === volumeId
  } catch {
    return false
  }
}

const isUnder = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

// --- network ---

/** statfs(2) magic numbers, linux/magic.h and the file systems' own sources. */
const networkMagic = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x5346414f, 'afs'],
  [0x73757245, 'coda'],
  [0x01021997, '9p'],
  [0x00c36400, 'ceph'],
  [0x0bd00bd0, 'lustre'],
  [0x786f4256, 'vboxsf'],
  [0xbacbacbc, 'vmhgfs'],
  [0x47504653, 'gpfs'],
])
const fuseMagic = 0x65735546
/** FUSE file systems whose bytes are on this machine. The rest (sshfs, rclone, gvfs, s3fs, ...) are elsewhere. */
const localFuse =
  /^(?:fuseblk|fuse\.(?:fuse-overlayfs|overlay|ntfs-3g|exfat|ecryptfs|encfs|gocryptfs|cryfs|mergerfs|bindfs|veracrypt|lxcfs|unionfs|snapfuse|apfs))/

function networkType(real: string): string | null {
  if (process.platform === 'win32') {
    // A mapped drive resolves to the share behind it.
    return real.startsWith('\\\\') && !/^\\\\[?.]\\[a-z]:/i.test(real) ? 'network share' : null
  }
  if (process.platform === 'darwin') {
    const { type } = volumeOf(real)
    return /^(?:smbfs|nfs|afpfs|webdav|cifs|ftp|macfuse|osxfuse|fusefs)/.test(type) ? type : null
  }
  const type = Number(statfsSync(real).type) >>> 0
  const named = networkMagic.get(type)
  if (named) return named
  if (type !== fuseMagic) return null
  const mount = linuxMount(real)
  return mount && localFuse.test(mount.type) ? null : (mount?.type ?? 'fuse')
}

// --- cloud ---

const cloudNames =
  /^(?:onedrive(?: - .+)?|dropbox(?: \(.+\))?|google ?drive|my drive|icloud ?drive|mobile documents|cloudstorage|box|box sync|nextcloud|owncloud|pcloud ?drive|megasync|mega|nutstore(?: files)?|坚果云|我的坚果云|baidunetdisk.*|baidusyncdisk|百度网盘.*|weiyun|腾讯微云|aliyundrive|阿里云盘|wps云盘|wpsdrive|seafile|syncthing|yandex\.disk|proton ?drive|tresorit)$/i
/** Left by the program that syncs the folder. */
const cloudMarks = new Set([
  '.dropbox',
  '.dropbox.cache',
  '.stfolder',
  '.nextcloudsync.log',
  '.owncloudsync.log',
  '.tmp.drivedownload',
])

function cloudFolder(path: string): string | null {
  const home = homedir()
  for (const variable of ['OneDrive', 'OneDriveConsumer', 'OneDriveCommercial']) {
    const folder = process.env[variable]
    if (folder && isUnder(path, resolve(folder))) return basename(folder)
  }
  for (let at = path; dirname(at) !== at; at = dirname(at)) {
    if (at !== home && cloudNames.test(basename(at))) return basename(at)
    const names = namesIn(at)
    if (names.some((name) => cloudMarks.has(name.toLowerCase())) && at !== home) return basename(at)
  }
  return null
}

// --- mounts ---

interface Mount {
  point: string
  type: string
  device: string
}

/** /proc/self/mountinfo, see proc(5): spaces and the like are written as octal. */
function linuxMount(real: string): Mount | null {
  const unescape = (text: string) =>
    text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  let best: Mount | null = null
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const fields = line.split(' ')
    const dash = fields.indexOf('-')
    if (dash < 5) continue
    const point = unescape(fields[4]!)
    // Later mounts cover earlier ones at the same place.
    if (isUnder(real, point) && (!best || point.length >= best.point.length)) {
      best = { point, type: fields[dash + 1] ?? '', device: unescape(fields[dash + 2] ?? '') }
    }
  }
  return best
}

function linuxId({ point, type, device }: Mount): string {
  if (device.startsWith('/dev/')) {
    const folder = '/dev/disk/by-uuid'
    const real = existing(device)
    for (const uuid of namesIn(folder)) {
      if (resolve(folder, readlinkSync(join(folder, uuid))) === real) return `uuid:${uuid}`
    }
  }
  return `mount:${type}:${device}:${point}`
}

function macMounts(): Mount[] {
  const stdout = execFileSync('/sbin/mount', { timeout: 5000, encoding: 'utf8' })
  return [...stdout.matchAll(/^(.+) on (.+) \((\w+)[,)]/gm)].map(([, device, point, type]) => ({
    device: device!,
    point: point!,
    type: type!,
  }))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
