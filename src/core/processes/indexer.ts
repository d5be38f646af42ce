/** Entry of the indexer process. */
import { createProcessHost } from './process-host.ts'
import { createIndexer } from '../indexer.ts'
import { serveParent } from './child.ts'
import { connectParent } from './parent.ts'

const parent = connectParent()
parent.onDisconnect(() => process.exit(0))
serveParent(parent, () => createIndexer(createProcessHost()))
