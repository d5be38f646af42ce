/** The one channel between preload and main: a closed map of calls, each with one argument. */
import type { Shell } from './shell.ts'

export const shellChannel = 'manifold'

export type ShellCalls = Omit<Shell, 'platform' | 'addDropped'> & {
  /** `addDropped`, after the preload has turned files into their paths. */
  addPaths(paths: string[]): ReturnType<Shell['addDropped']>
}
