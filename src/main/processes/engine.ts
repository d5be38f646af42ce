/** The engine's utility process: opens the library main names, serves it on the private socket, and leaves when told. */
import { createEngine } from '../../core/engine.ts'
import { packageVersion, rendererDir } from '../../core/package-layout.ts'
import { createUtilityHost, utilityParentPort } from '../../core/processes/utility-host.ts'
import { serveEngine, type EngineServer } from '../../server/engine-server.ts'
import { toErrorShape } from '../../shared/errors.ts'
import type { FromEngine, ToEngine } from '../engine-messages.ts'

const main = utilityParentPort()
if (!main) throw new Error('this file is started by main')
const tell = (message: FromEngine) => main.postMessage(message)
let server: EngineServer | null = null

main.on('message', ({ data }) => {
  const message = data as ToEngine
  if (message.manifold === 'start') void start(message.libraryDir)
  if (message.manifold === 'stop') void stop()
})

async function start(libraryDir: string): Promise<void> {
  try {
    const host = createUtilityHost()
    const version = packageVersion()
    const engine = await createEngine({ host, libraryDir, version })
    server = await serveEngine({
      engine,
      libraryDir,
      version,
      rendererDir: rendererDir(),
      pdfDir: host.resources.pdf,
      shutdown: stop,
    })
    tell({ manifold: 'ready', address: server.address })
  } catch (error) {
    tell({ manifold: 'refused', error: toErrorShape(error) })
    // The message has to be out before the process is.
    setTimeout(() => process.exit(1), 100)
  }
}

async function stop(): Promise<void> {
  await server?.close()
  process.exit(0)
}
