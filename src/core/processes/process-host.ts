/** The host inside a child process: Node's, or in an Electron utility process the one that asks main. */
import type { Host, ParentHandle } from '../host.ts'
import { createNodeHost } from '../node-host.ts'
import { createUtilityHost, utilityParentPort } from './utility-host.ts'

export function createProcessHost(_parent: ParentHandle): Host {
  return utilityParentPort() ? createUtilityHost() : createNodeHost()
}
