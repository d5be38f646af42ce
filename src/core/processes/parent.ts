/**
 * A child process's connection to whoever started it: Node's IPC channel, or in an Electron utility process the port
 * that main hands over. The other end is a ChildHandle (core/host.ts).
 */
import { AppError } from '../../shared/errors.ts'
import type { ParentHandle } from '../host.ts'
import { utilityParentPort, type FromMain, type UtilityParentPort, type UtilityPort } from './utility-host.ts'

export function connectParent(): ParentHandle {
  const main = utilityParentPort()
  if (main) return connectThroughMain(main)
  if (!process.send) throw new AppError('internal', 'this file is started by the engine, not by hand')
  return {
    send: (message) => {
      // A parent that has just died closes the channel; onDisconnect tells, so this need not.
      if (process.connected) process.send!(message, undefined, undefined, () => {})
    },
    onMessage: (listener) => void process.on('message', listener),
    onDisconnect: (listener) => void process.on('disconnect', listener),
  }
}

function connectThroughMain(main: UtilityParentPort): ParentHandle {
  const port = new Promise<UtilityPort>((resolve) => {
    main.on('message', ({ data, ports }) => {
      if ((data as Partial<FromMain> | null)?.manifold === 'parent' && ports[0]) resolve(ports[0])
    })
  })
  return {
    send: (message) => void port.then((parent) => parent.postMessage(message)),
    onMessage: (listener) =>
      void port.then((parent) => {
        parent.on('message', ({ data }) => listener(data))
        parent.start()
      }),
    onDisconnect: (listener) => void port.then((parent) => parent.on('close', listener)),
  }
}
