import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEmbedder } from '../../../src/core/embed/embedder.ts'
import { loadModel } from '../../../src/core/models/load.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { openIndexStore } from '../../../src/core/store/index/index-store.ts'
import { createEngineFixture, type EngineFixture } from '../../support/engine-fixture.ts'
import { inferenceThread } from '../../support/tiny-models.ts'

let fixture: EngineFixture
const inference = inferenceThread(2)
beforeAll(async () => {
  fixture = await createEngineFixture()
})
afterAll(async () => {
  await fixture.close()
  await inference.close()
})

test.each(['manifold-static-256', 'manifold-context-384'])(
  '[MO2] what the indexer stored is bit for bit what a query for the same text gets, with %s',
  async (id) => {
    for (let i = 0; i < 12; i++) {
      const body = 'The deposit is returned when the lease ends. 租期结束后退还押金。 '.repeat(1 + i * 3)
      fixture.write(`note-${i}.md`, `# Note ${i}\n\n${body}\n\n## 第二节 ${i}\n\n${body.slice(i * 5)}`)
    }
    await fixture.addNotes()
    await fixture.engine.settings.update({ embeddingModel: id })
    await fixture.engine.idle()

    const { resources } = createNodeHost()
    const model = await loadModel(join(resources.models, id), { builtInDir: resources.models })
    const embedder = await createEmbedder({ inference, model })
    const [vectorsFile] = readdirSync(fixture.libraryDir).filter(
      (name) => name.startsWith('vectors-') && name.endsWith(`${embedder.space.slice(0, 12)}.db`),
    )
    const vectors = new Database(join(fixture.libraryDir, vectorsFile!), { readonly: true })
    const stored = vectors
      .prepare<[], { sha256: string; hash: string; vector: Buffer }>(
        'SELECT sha256, lower(hex(input_hash)) AS hash, vector FROM vectors',
      )
      .all()
    vectors.close()
    expect(stored.length).toBeGreaterThan(12)

    const inputs = new Map<string, string>()
    for (const name of readdirSync(fixture.libraryDir).filter((one) => /^index-.*\.db$/.test(one))) {
      const index = openIndexStore(join(fixture.libraryDir, name), { readonly: true })
      for (const sha256 of new Set(stored.map((row) => row.sha256)))
        for (const { inputHash, input } of index.inputs(sha256)) inputs.set(inputHash, input)
      index.close()
    }
    for (const { hash, vector } of stored) {
      const query = await embedder.embedQuery(inputs.get(hash)!)
      expect(Buffer.compare(Buffer.from(query.buffer), vector)).toBe(0)
    }
    await embedder.close()
  },
  120_000,
)
