/** The host a child process starts its own threads and processes with: plain Node, or a utility process that asks main. */
import type { Host } from '../host.ts'
import { createNodeHost } from '../node-host.ts'
import { createUtilityHost, utilityParentPort } from './utility-host.ts'

export const createProcessHost = (): Host => (utilityParentPort() ? createUtilityHost() : createNodeHost())
