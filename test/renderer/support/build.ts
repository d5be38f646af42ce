/** Builds the window alone, without the processes: `node test/renderer/support/build.ts`. */
import { build } from 'vite'
import config from '../../../electron.vite.config.ts'

const { renderer } = config as { renderer: Parameters<typeof build>[0] }
await build({ ...renderer, base: './', configFile: false, logLevel: 'warn' })
