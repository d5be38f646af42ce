/** Started and killed by the kill tests: an engine that adds a folder and says how it goes, a JSON value a line. */
import { createEngine } from '../../src/core/engine.ts'
import { createNodeHost } from '../../src/core/node-host.ts'

const [libraryDir, ...paths] = process.argv.slice(2)
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)

const engine = await createEngine({
  host: createNodeHost(),
  libraryDir: libraryDir!,
  version: 'test',
  watch: false,
})
say({ ready: true })
if (paths.length > 0) say({ added: await engine.local.add({ paths }) })
say({ indexer: engine.indexerPid() ?? null })
const timer = setInterval(() => say({ indexer: engine.indexerPid() ?? null }), 20)
await engine.idle()
clearInterval(timer)
say({ status: await engine.system.status(), doctor: await engine.system.doctor() })
await engine.close()
