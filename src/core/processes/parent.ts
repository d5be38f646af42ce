/**
 * A child process's connection to whoever started it: Node's IPC channel, or Electron's parentPort in a utility
 * process. The other end is a ChildHandle (core/host.ts).
 */
import { AppError } from '../../shared/errors.ts'
import type { ParentHandle } from '../host.ts'

/** What Electron adds to `process` in a utility process. */
interface UtilityProcess {
  type?: string
  parentPort?: {
    postMessage(message: unknown): void
    on(event: 'message', listener: (event: { data: unknown }) => void): void
  }
}

export function connectParent(): ParentHandle {
  const utility = process as unknown as UtilityProcess
  if (utility.type === 'utility' && utility.parentPort) {
    const port = utility.parentPort
    return {
      send: (message) => port.postMessage(message),
      onMessage: (listener) => port.on('message', (event) => listener(event.data)),
      // Main kills its utility processes itself when it leaves.
      onDisconnect: () => {},
    }
  }
  if (!process.send) throw new AppError('internal', 'this file is started by the engine, not by hand')
  return {
    send: (message) => {
      // A parent that has just died closes the channel; onDisconnect tells, so this need not.
      if (process.connected) process.send!(message)
    },
    onMessage: (listener) => void process.on('message', listener),
    onDisconnect: (listener) => void process.on('disconnect', listener),
  }
}
