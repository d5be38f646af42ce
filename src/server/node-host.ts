/** The host of the command line and the browser door: plain Node. */
export { createNodeHost } from '../core/node-host.ts'
