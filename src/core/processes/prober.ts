/** Entry of the prober process: tries one model on one device, and is killed when it hangs. */
import { createProber } from '../prober.ts'
import { serveParent } from './child.ts'
import { connectParent } from './parent.ts'
import { createProcessHost } from './process-host.ts'

const parent = connectParent()
parent.onDisconnect(() => process.exit(0))
serveParent(parent, () => createProber(createProcessHost()))
