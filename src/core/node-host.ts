/**
 * Threads and processes under plain Node: worker_threads, and child_process.fork with messages that keep typed arrays.
 * Works from the source (src/core/threads/search.ts) and from the build (out/main/threads/search.js). Electron has a
 * host of its own, because fork dies with its RunAsNode fuse.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { ChildHandle, Host, ProcessRole, ThreadRole } from './host.ts'
import { entryOf, resourceDirs } from './package-layout.ts'

export function createNodeHost(): Host {
  return {
    spawnThread,
    spawnProcess: async (role, options) => forkProcess(role, options),
    resources: resourceDirs(),
  }
}

/** Shared with the Electron host: threads are the same in both. */
export function spawnThread(role: ThreadRole, data: unknown): Worker {
  // Flags of the parent, a test runner's loader among them, are not the thread's.
  return new Worker(entryOf('threads', role), { workerData: data, execArgv: [], name: role })
}

function forkProcess(role: ProcessRole, { lowPriority = false } = {}): ChildHandle {
  const child = fork(entryOf('processes', role), { serialization: 'advanced', execArgv: [] })
  if (lowPriority && child.pid !== undefined) lowerPriority(child.pid)
  return childHandle(child)
}

export function childHandle(child: ChildProcess): ChildHandle {
  // Without a listener, a message to a child that has just died would end this process too.
  child.on('error', () => {})
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message as object)
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => void child.once('exit', (code) => listener(code)),
    kill: () => void child.kill('SIGKILL'),
  }
}

export function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // Already gone, or not allowed here: it works at the usual priority.
  }
}
