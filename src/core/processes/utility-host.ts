/**
 * Threads and processes inside an Electron utility process. Only main can fork there, so a child is asked of main over
 * `process.parentPort`; main answers with a MessagePort whose other end it hands to the child, and from then on the
 * two talk directly. Knows Electron only by the shape of parentPort.
 */
import type { ChildHandle, Host, ProcessRole } from '../host.ts'
import { spawnThread } from '../node-host.ts'
import { resourceDirs } from '../package-layout.ts'

/** What a utility process asks of main, and what main answers. Other messages on parentPort are not ours. */
export type ToMain =
  | { manifold: 'spawn'; id: number; role: ProcessRole; lowPriority: boolean }
  | { manifold: 'kill'; id: number }
export type FromMain =
  | { manifold: 'spawned'; id: number; pid: number | undefined }
  | { manifold: 'exited'; id: number; code: number | null }
  /** To a new child: with the port to whoever asked for it. */
  | { manifold: 'parent' }

/** Electron's MessagePortMain, as far as it is used. */
export interface UtilityPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  on(event: 'close', listener: () => void): void
  start(): void
}

/** Electron's ParentPort, as far as it is used. */
export interface UtilityParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown; ports: UtilityPort[] }) => void): void
}

/** null where this is not a utility process. */
export function utilityParentPort(): UtilityParentPort | null {
  const { type, parentPort } = process as unknown as { type?: string; parentPort?: UtilityParentPort }
  return type === 'utility' && parentPort ? parentPort : null
}

export function createUtilityHost(): Host {
  const main = utilityParentPort()
  if (!main) throw new Error('not an Electron utility process')
  let nextId = 1
  const waiting = new Map<number, (child: { pid: number | undefined; port: UtilityPort }) => void>()
  const exits = new Map<number, (code: number | null) => void>()

  main.on('message', ({ data, ports }) => {
    const message = data as Partial<FromMain> | null
    if (message?.manifold === 'spawned' && ports[0]) {
      waiting.get(message.id!)?.({ pid: message.pid, port: ports[0] })
      waiting.delete(message.id!)
    }
    if (message?.manifold === 'exited') {
      exits.get(message.id!)?.(message.code ?? null)
      exits.delete(message.id!)
    }
  })

  async function spawnProcess(role: ProcessRole, { lowPriority = false } = {}): Promise<ChildHandle> {
    const id = nextId++
    const exited = new Promise<number | null>((resolve) => exits.set(id, resolve))
    const { pid, port } = await new Promise<{ pid: number | undefined; port: UtilityPort }>((resolve) => {
      waiting.set(id, resolve)
      main!.postMessage({ manifold: 'spawn', id, role, lowPriority } satisfies ToMain)
    })
    let started = false
    return {
      pid,
      send: (message) => port.postMessage(message),
      onMessage(listener) {
        port.on('message', ({ data }) => listener(data))
        if (!started) port.start()
        started = true
      },
      onExit: (listener) => void exited.then(listener),
      kill: () => main!.postMessage({ manifold: 'kill', id } satisfies ToMain),
    }
  }

  return { spawnThread, spawnProcess, resources: resourceDirs() }
}
