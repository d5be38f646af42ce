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
say({ ready: true, waiting: (await engine.system.status()).documents.waiting })
if (paths.length > 0) say({ added: await engine.local.add({ paths }) })
const timer = setInterval(async () => {
  const { documents } = await engine.system.status()
  say({ indexer: engine.indexerPid() ?? null, waiting: documents.waiting })
}, 60)
await engine.idle()
clearInterval(timer)
say({ status: await engine.system.status(), doctor: await engine.system.doctor() })
await engine.close()
