/** A real engine on a library in a temporary folder, and a folder of notes to feed it. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createEngine, type Engine } from '../../src/core/engine.ts'
import { createNodeHost } from '../../src/core/node-host.ts'
import { SearchRequest, type SearchRequestInput, type SearchUpdate } from '../../src/shared/search.ts'

export interface EngineFixture {
  readonly engine: Engine
  readonly libraryDir: string
  readonly notes: string
  write(name: string, content: string | Uint8Array): string
  /** Links the notes folder and waits until nothing is left to do. */
  addNotes(): Promise<void>
  search(request: SearchRequestInput): Promise<SearchUpdate>
  /** Looks at the linked folders as the watcher would. */
  rescan(): Promise<void>
  /** Closes the engine and opens it again on the same library. */
  restart(): Promise<void>
  /** Opens it again after its engine was closed. */
  reopen(): Promise<void>
  close(): Promise<void>
}

export async function createEngineFixture(): Promise<EngineFixture> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'manifold-engine-')))
  const libraryDir = join(base, 'library')
  const notes = join(base, 'notes')
  mkdirSync(notes)
  const open = () => createEngine({ host: createNodeHost(), libraryDir, version: 'test', watch: false })
  let engine = await open()

  return {
    get engine() {
      return engine
    },
    libraryDir,
    notes,
    write(name, content) {
      const path = join(notes, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
      return path
    },
    async addNotes() {
      await engine.local.add({ paths: [notes] })
      await engine.idle()
    },
    async search(request) {
      let last: SearchUpdate | null = null
      const updates = engine.search.run(SearchRequest.parse(request), new AbortController().signal)
      for await (const update of updates) last = update
      if (!last) throw new Error('the search gave no answer')
      return last
    },
    async rescan() {
      await engine.rescan()
      await engine.idle()
    },
    async restart() {
      await engine.close()
      engine = await open()
    },
    async reopen() {
      engine = await open()
    },
    async close() {
      await engine.close()
      rmSync(base, { recursive: true, force: true })
    },
  }
}
