import { mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DocumentQuery } from '../../../src/shared/contract.ts'
import { createEngineFixture, type EngineFixture } from '../../support/engine-fixture.ts'

const notes = 400
let fixture: EngineFixture

beforeAll(async () => {
  fixture = await createEngineFixture()
  for (let i = 0; i < notes; i++) {
    const paragraphs = Array.from(
      { length: 12 },
      (_, p) => `Paragraph ${p} of note ${i} tells of heron ${i * 31 + p} in the reeds, 第 ${i} 篇。`,
    )
    fixture.write(`note-${i}.md`, `# Note ${i}\n\n${paragraphs.join('\n\n')}\n`)
  }
  await fixture.addNotes()
}, 120_000)

afterAll(() => fixture?.close())

async function isWhole(documents: number): Promise<void> {
  const status = await fixture.engine.system.status()
  expect(status.documents).toMatchObject({ total: documents, indexed: documents, waiting: 0, failed: 0 })
  expect(status.reindex).toBeNull()
  const { checks } = await fixture.engine.system.doctor()
  expect(checks.filter((check) => !check.ok)).toEqual([])
}

describe('a reindex', () => {
  it('[RE2] is paused, survives a restart paused, and goes on when told', async () => {
    await fixture.engine.settings.update({ embeddingModel: 'manifold-static-128' })
    await fixture.engine.reindex.pause()
    await fixture.engine.idle()
    const paused = await fixture.engine.system.status()
    expect(paused.reindex).toMatchObject({
      state: 'paused',
      embeddingModel: 'manifold-static-128',
      documentsTotal: notes,
    })
    expect(paused.live.embeddingModel).toBe('manifold-static-256')
    await fixture.restart()
    await fixture.engine.idle()
    expect((await fixture.engine.system.status()).reindex?.state).toBe('paused')
    expect((await fixture.search({ query: 'heron in the reeds' })).hits.length).toBeGreaterThan(0)
    await fixture.engine.reindex.resume()
    await fixture.engine.idle()
    expect((await fixture.engine.system.status()).live.embeddingModel).toBe('manifold-static-128')
    await isWhole(notes)
  }, 90_000)

  it('[RE2] whose process is killed resumes by itself, with what was added and removed meanwhile', async () => {
    await fixture.engine.settings.update({ chunking: { targetTokens: 64 } })
    const added = fixture.write('added.md', '# Added\n\nThe causeway floods twice a day.\n')
    await fixture.engine.local.add({ paths: [added] })
    const [removed] = (await fixture.engine.documents.list(DocumentQuery.parse({ text: 'note-7.md' })))
      .documents
    await fixture.engine.documents.remove({ ids: [removed!.id] })
    let kills = 0
    for (let i = 0; i < 100 && kills < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60))
      const { reindex } = await fixture.engine.system.status()
      const pid = fixture.engine.indexerPid()
      if (!reindex) break
      if (pid === undefined || reindex.documentsDone === 0) continue
      process.kill(pid, 'SIGKILL')
      kills++
    }
    await fixture.engine.idle()
    expect(kills).toBeGreaterThan(0)
    expect((await fixture.engine.system.status()).live.targetTokens).toBe(64)
    await isWhole(notes)
    expect((await fixture.search({ query: 'causeway floods' })).hits[0]?.document.path).toBe(added)
    const { hits } = await fixture.search({ query: '"note 7 tells"', mode: 'exact' })
    expect(hits.map((hit) => hit.document.id)).not.toContain(removed!.id)
  }, 90_000)

  it('[RE2] that is cancelled leaves the live index and its settings', async () => {
    const before = await fixture.engine.system.status()
    await fixture.engine.settings.update({ embeddingModel: 'manifold-static-256' })
    await fixture.engine.reindex.pause()
    await fixture.engine.reindex.cancel()
    await fixture.engine.idle()
    const after = await fixture.engine.system.status()
    expect(after.live).toEqual(before.live)
    expect((await fixture.engine.settings.get()).embeddingModel).toBe('manifold-static-128')
    await isWhole(notes)
  }, 60_000)
})

describe('a drive that is gone', () => {
  it('[DA6] empties nothing: its documents are found and readable, marked as not connected', async () => {
    const away = `${fixture.notes}-away`
    renameSync(fixture.notes, away)
    // An unmounted drive leaves its empty mount point behind.
    mkdirSync(fixture.notes)
    await fixture.rescan()
    const { hits } = await fixture.search({ query: 'causeway floods' })
    expect(hits[0]?.document.connected).toBe(false)
    const content = await fixture.engine.documents.content({ id: hits[0]!.document.id })
    expect(content.blocks.some((block) => block.text.includes('causeway'))).toBe(true)
    expect((await fixture.engine.system.status()).documents.indexed).toBe(notes)
    rmdirSync(fixture.notes)
    renameSync(away, fixture.notes)
    await fixture.rescan()
    expect((await fixture.search({ query: 'causeway floods' })).hits[0]?.document.connected).toBe(true)
    await isWhole(notes)
  }, 60_000)
})
