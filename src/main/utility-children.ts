/**
 * Forks what a utility process asks for, because only main can, and hands each side one end of a channel. A child
 * dies with the process that asked for it.
 */
import { MessageChannelMain, utilityProcess, type UtilityProcess } from 'electron'
import { lowerPriority } from '../core/node-host.ts'
import { entryOf } from '../core/package-layout.ts'
import type { FromMain, ToMain } from '../core/processes/utility-host.ts'
import { processRoles } from '../core/host.ts'

export function serveSpawnRequests(requester: UtilityProcess): { close(): void } {
  const children = new Map<number, UtilityProcess>()
  const answer = (message: FromMain, ports: Electron.MessagePortMain[] = []) =>
    requester.postMessage(message, ports)

  requester.on('message', (message: ToMain | { manifold: 'something else' }) => {
    if (message.manifold === 'spawn' && processRoles.includes(message.role)) spawn(message)
    if (message.manifold === 'kill') kill(children.get(message.id))
  })

  function spawn({ id, role, lowPriority }: Extract<ToMain, { manifold: 'spawn' }>): void {
    const child = utilityProcess.fork(entryOf('processes', role), [], { serviceName: `Manifold ${role}` })
    const { port1, port2 } = new MessageChannelMain()
    const grandchildren = serveSpawnRequests(child)
    children.set(id, child)
    child.once('spawn', () => {
      if (lowPriority && child.pid !== undefined) lowerPriority(child.pid)
      answer({ manifold: 'spawned', id, pid: child.pid }, [port2])
    })
    child.once('exit', (code) => {
      children.delete(id)
      grandchildren.close()
      answer({ manifold: 'exited', id, code })
    })
    child.postMessage({ manifold: 'parent' } satisfies FromMain, [port1])
  }

  return {
    close() {
      for (const child of children.values()) kill(child)
    },
  }
}

/** At once: a utility process has no terminate of its own to be polite with, and its work is safe at any instant. */
function kill(child: UtilityProcess | undefined): void {
  if (child?.pid === undefined) return
  try {
    process.kill(child.pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}
