/** With the RunAsNode fuse off there is no child_process.fork in any process of the app; only the stand-in keeps one. */
import childProcess from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

export const realFork = childProcess.fork

export function forbidFork(): void {
  childProcess.fork = () => {
    throw new Error('child_process.fork does not work in Electron: the RunAsNode fuse is off')
  }
  syncBuiltinESMExports()
}
