/**
 * Started by the device tests with the variables of a Vulkan driver, which a process reads when it starts. Does what the
 * argument says and prints one JSON value.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createEngine, type Engine } from '../../src/core/engine.ts'
import { createModels } from '../../src/core/engine/models.ts'
import { createNodeHost } from '../../src/core/node-host.ts'
import { SearchRequest, type SearchUpdate } from '../../src/shared/search.ts'
import { tinyModels } from './tiny-models.ts'

const [scenario, ...names] = process.argv.slice(2)
const base = realpathSync(mkdtempSync(join(tmpdir(), 'manifold-devices-')))
const libraryDir = join(base, 'library')
const notes = join(base, 'notes')
mkdirSync(notes)
const device = 'webgpu'

const open = () => createEngine({ host: createNodeHost(), libraryDir, version: 'test', watch: false })
const search = async (engine: Engine, query: string) => {
  const updates = engine.search.run(SearchRequest.parse({ query }), new AbortController().signal)
  let last: SearchUpdate | null = null
  for await (const update of updates) last = update
  return last?.hits.map(({ document, scores }) => ({
    title: document.title,
    cosine: scores.semantic?.cosine,
  }))
}

const scenarios: Record<string, () => Promise<unknown>> = {
  /** What a test of the device says of each model, built in or tiny. */
  async test() {
    mkdirSync(join(libraryDir, 'models'), { recursive: true })
    for (const name of names) {
      if (name.startsWith('tiny')) symlinkSync(join(tinyModels, name), join(libraryDir, 'models', name))
    }
    const models = createModels({ host: createNodeHost(), libraryDir })
    const tests = []
    for (const name of names) tests.push(await models.testDevice(name, { threads: 1, device }))
    await models.close()
    return tests
  },

  /** A library made on the CPU, then moved to the device and searched there, also after a restart. */
  async use() {
    writeFileSync(join(notes, 'cat.md'), '# Cats\n\nA cat sleeps on the warm window sill all afternoon.\n')
    writeFileSync(
      join(notes, 'lease.md'),
      '# Lease\n\nThe deposit is returned ten days after the lease ends.\n',
    )
    let engine = await open()
    // The reranker's shaders take a minute to compile in software.
    await engine.settings.update({ rerankerModel: null })
    await engine.local.add({ paths: [notes] })
    await engine.idle()
    const onCpu = await search(engine, 'when is the deposit paid back')
    await engine.settings.update({ device })
    const atOnce = await engine.system.status()
    const meanwhile = await search(engine, 'when is the deposit paid back')
    await engine.devicesSettled()
    const settled = await engine.system.status()
    writeFileSync(join(notes, '租房.md'), '# 租房合同\n\n租期结束后十日内退还押金。\n')
    await engine.rescan()
    await engine.idle()
    const onDevice = await search(engine, 'when is the deposit paid back')
    await engine.canaryChecked()
    const selfTest = await engine.models.test({ id: 'manifold-static-256' })
    const { devices } = await engine.devices.list()
    await engine.close()
    engine = await open()
    const restarted = await engine.system.status()
    await engine.devicesSettled()
    const doctor = await engine.system.doctor()
    const chinese = await search(engine, '押金什么时候退')
    await engine.close()
    return {
      onCpu,
      atOnce: atOnce.live,
      meanwhile,
      settled: settled.live,
      onDevice,
      selfTest,
      devices,
      restarted: restarted.live,
      doctor,
      chinese,
    }
  },

  /** The indexer dies at work on the device, again and again. */
  async killed() {
    const engine = await open()
    await engine.settings.update({ device, rerankerModel: null })
    await engine.devicesSettled()
    const rounds = []
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 10; i++) {
        const text = Array.from({ length: 20 }, (_, n) => `Sentence ${n} of note ${i} in round ${round}.`)
        writeFileSync(join(notes, `${round}-${i}.md`), `# Note ${i}\n\n${text.join(' ')}\n`)
      }
      if (round === 0) await engine.local.add({ paths: [notes] })
      else await engine.rescan()
      let killed = false
      while (!killed) {
        const { ingest, documents } = await engine.system.status()
        const pid = engine.indexerPid()
        if (documents.waiting === 0) break
        // It has opened the model and has files in hand.
        if (pid !== undefined && ingest !== null && ingest.current.length > 0) {
          process.kill(pid, 'SIGKILL')
          killed = true
        } else await sleep(5)
      }
      await engine.idle()
      const status = await engine.system.status()
      rounds.push({ killed, documents: status.documents })
    }
    await engine.devicesSettled()
    const refused = await engine.system.status()
    const list = await engine.devices.list()
    const test = await engine.devices.test({ device })
    await engine.devicesSettled()
    const again = await engine.system.status()
    await engine.close()
    return { rounds, refused: refused.live, list, test, again: again.live }
  },

  /** No device: what the engine says and does. */
  async missing() {
    copyFileSync(join(import.meta.dirname, '..', 'fixtures', 'english.pdf'), join(notes, 'english.pdf'))
    const engine = await open()
    await engine.settings.update({ device })
    await engine.devicesSettled()
    const { live } = await engine.system.status()
    await engine.local.add({ paths: [notes] })
    await engine.idle()
    const { documents } = await engine.system.status()
    const result = {
      live,
      documents,
      test: await engine.devices.test({ device }),
      list: await engine.devices.list(),
      doctor: await engine.system.doctor(),
    }
    await engine.close()
    return result
  },
}

const result = await scenarios[scenario!]!()
process.stdout.write(`${JSON.stringify(result)}\n`)
rmSync(base, { recursive: true, force: true })
