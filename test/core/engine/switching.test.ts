/** From one model to another and back, as a person does it: estimate, try, build, compare, switch, go back, let go. */
import Database from 'better-sqlite3'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine } from '../../../src/core/engine.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { DocumentQuery } from '../../../src/shared/contract.ts'
import { TrialRequest, type TrialStep } from '../../../src/shared/reindex.ts'
import { SearchRequest, type SearchUpdate } from '../../../src/shared/search.ts'
import { createEngineFixture, type EngineFixture } from '../../support/engine-fixture.ts'

const notes = 30
const long = 10
let fixture: EngineFixture

beforeAll(async () => {
  fixture = await createEngineFixture()
  for (let i = 0; i < notes; i++) {
    // Some are long: a trial on them takes long enough to be given up half way.
    const paragraphs = Array.from(
      { length: i < long ? 150 : 1 },
      (_, p) =>
        `Heron ${i * 31 + p} stands in the reeds of pond ${i}, and the water is still.\n\n第 ${i} 篇笔记第 ${p} 段说的是池塘里的苍鹭，水面很平静，芦苇很高，没有风。`,
    )
    fixture.write(`note-${i}.md`, `# Note ${i}\n\n${paragraphs.join('\n\n')}\n`)
  }
  await fixture.addNotes()
}, 90_000)

afterAll(() => fixture?.close())

const status = () => fixture.engine.system.status()

async function isWhole(documents: number): Promise<void> {
  const now = await status()
  expect(now.documents).toMatchObject({ total: documents, indexed: documents, waiting: 0, failed: 0 })
  const { checks } = await fixture.engine.system.doctor()
  expect(checks.filter((check) => !check.ok)).toEqual([])
}

const filesOf = (pattern: RegExp): string[] =>
  readdirSync(fixture.libraryDir).filter((name) => pattern.test(name))

describe('before a switch', () => {
  it('[RE4] says what it takes, measured on this library, and what is there already', async () => {
    const another = await fixture.engine.reindex.estimate({ embeddingModel: 'manifold-static-128' })
    const { chunks, library } = await status()
    expect(another).toMatchObject({ documents: notes, chunks, embedOnly: true, toEmbed: chunks, cached: 0 })
    expect(another.chunksPerSecond).toBeGreaterThan(0)
    expect(another.seconds).toBeCloseTo(chunks / another.chunksPerSecond!, 6)
    // 128 numbers of four bytes a passage at least.
    expect(another.addsBytes).toBeGreaterThan(chunks * 128 * 4)
    // And no more than the disk a passage may take in all.
    expect(another.addsBytes).toBeLessThan(chunks * 2_500)
    expect(Math.abs(another.freeBytes - library.freeBytes)).toBeLessThan(2e9)
    expect(another.han + another.latin + another.other).toBeCloseTo(1, 6)
    expect(another.han).toBeGreaterThan(0.2)
    expect(another.latin).toBeGreaterThan(0.2)
    expect(another.suits).toBe('yes')
    expect(another.longest!.tokens).toBeLessThanOrEqual(another.longest!.limit)
    const same = await fixture.engine.reindex.estimate({})
    expect(same).toMatchObject({ embedOnly: true, toEmbed: 0, cached: chunks })
    const finer = await fixture.engine.reindex.estimate({ chunking: { targetTokens: 100 } })
    // Cut and counted, not in proportion: the short notes are one passage at any size, and that one is embedded already.
    expect(finer.embedOnly).toBe(false)
    expect(finer.chunks).toBeGreaterThan(chunks * 1.5)
    expect(finer.cached).toBeGreaterThanOrEqual(notes - long)
    expect(finer.toEmbed).toBe(finer.chunks - finer.cached)
  }, 60_000)

  it('tries a model on some documents, shows both orders, and keeps nothing', async () => {
    const before = filesOf(/./)
    const steps: TrialStep[] = []
    const request = TrialRequest.parse({
      embeddingModel: 'manifold-static-128',
      documents: 10,
      queries: ['heron in the reeds', '池塘'],
    })
    for await (const step of fixture.engine.reindex.trial(request, new AbortController().signal))
      steps.push(step)
    expect(steps.map((step) => step.stage)).toEqual(
      expect.arrayContaining(['sampling', 'embedding', 'searching']),
    )
    const { results } = steps.at(-1)!
    expect(results!.map((one) => one.query)).toEqual(request.queries)
    for (const { live, trial } of results!) {
      expect(live.length).toBeGreaterThan(4)
      // The same ten documents, each in its model's own order.
      const ids = (hits: typeof live) => hits.map((hit) => hit.documentId).sort()
      expect(ids(trial)).toEqual(ids(live))
      expect(trial.map((hit) => hit.rank)).toEqual(trial.map((_, i) => i + 1))
    }
    expect(filesOf(/./)).toEqual(before)
    expect((await status()).reindex).toBeNull()
  }, 60_000)

  it('stops a trial that is closed', async () => {
    const closing = new AbortController()
    const request = TrialRequest.parse({ embeddingModel: 'manifold-static-128', queries: ['heron'] })
    const steps = fixture.engine.reindex.trial(request, closing.signal)
    await steps.next()
    closing.abort()
    await expect(
      (async () => {
        for await (const _ of steps);
      })(),
    ).rejects.toMatchObject({ code: 'cancelled' })
    await isWhole(notes)
  }, 60_000)
})

describe('a switch', () => {
  it('[RE1] only embeds where every passage fits, and waits for the person to compare', async () => {
    const [index] = filesOf(/^index-.*\.db$/)
    await fixture.engine.settings.update({ embeddingModel: 'manifold-static-128', afterReindex: 'compare' })
    await fixture.engine.idle()
    const waiting = await status()
    expect(waiting.reindex).toMatchObject({
      state: 'complete',
      embedOnly: true,
      waitingFor: 'person',
      documentsDone: notes,
    })
    expect(waiting.live.embeddingModel).toBe('manifold-static-256')
    expect(filesOf(/^index-.*\.db$/)).toEqual([index])
    // One that waits is kept up to date.
    fixture.write('late.md', '# Late\n\nThe causeway floods twice a day.\n')
    await fixture.rescan()
    expect((await status()).reindex).toMatchObject({ state: 'complete', documentsDone: notes + 1 })
    const { live, next } = await fixture.engine.reindex.compare({ query: 'the causeway floods' })
    expect(live[0]!.title).toBe('Late')
    expect(next[0]!.title).toBe('Late')
    expect(next[0]!.cosine).not.toBe(live[0]!.cosine)
    await fixture.engine.reindex.switch()
    await fixture.engine.idle()
    const after = await status()
    expect(after.live.embeddingModel).toBe('manifold-static-128')
    expect(after.reindex).toBeNull()
    expect(after.former).toMatchObject({ embeddingModel: 'manifold-static-256', usable: true })
    await isWhole(notes + 1)
    await expect(fixture.engine.reindex.compare({ query: 'x' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(fixture.engine.reindex.switch()).rejects.toMatchObject({ code: 'conflict' })
  }, 90_000)

  it('[RE3] goes back in one step, catches up, and embeds nothing twice', async () => {
    fixture.write('later.md', '# Later\n\nAn otter sleeps under the jetty.\n')
    await fixture.rescan()
    const [removed] = (await fixture.engine.documents.list(DocumentQuery.parse({ text: 'note-3.md' })))
      .documents
    await fixture.engine.documents.remove({ ids: [removed!.id] })
    await fixture.engine.reindex.rollback()
    // Answers at once with what it has.
    expect((await status()).live.embeddingModel).toBe('manifold-static-256')
    expect((await fixture.search({ query: 'heron' })).hits.length).toBeGreaterThan(0)
    await fixture.engine.idle()
    await isWhole(notes + 1)
    const { hits, notes: said } = await fixture.search({ query: 'otter under the jetty' })
    expect(hits[0]?.document.title).toBe('Later')
    expect(said).not.toContain('index-incomplete')
    expect(hits.map((hit) => hit.document.id)).not.toContain(removed!.id)
    expect((await fixture.engine.settings.get()).embeddingModel).toBe('manifold-static-256')
    // The same model once more: every vector is there.
    await fixture.engine.settings.update({ embeddingModel: 'manifold-static-128', afterReindex: 'compare' })
    await fixture.engine.idle()
    const again = (await status()).reindex!
    expect(again.state).toBe('complete')
    expect(again.reusedVectors).toBe(again.chunksDone)
    await fixture.engine.reindex.cancel()
    await fixture.engine.idle()
    expect((await status()).former).toMatchObject({ embeddingModel: 'manifold-static-128' })
    await isWhole(notes + 1)
  }, 120_000)

  it('[RE3] gives the disk of the former back when told, and not before', async () => {
    const { former } = await status()
    expect(former!.sizeBytes).toBeGreaterThan(10_000)
    const { done, freedBytes } = await fixture.engine.reindex.dropFormer()
    expect(done).toBe(1)
    expect(freedBytes).toBeGreaterThanOrEqual(former!.sizeBytes)
    expect((await status()).former).toBeNull()
    expect(filesOf(/^vectors-.*\.db$/)).toHaveLength(1)
    await isWhole(notes + 1)
    expect(await fixture.engine.reindex.dropFormer()).toEqual({ done: 0, freedBytes: 0 })
    await expect(fixture.engine.reindex.rollback()).rejects.toMatchObject({ code: 'conflict' })
  }, 60_000)

  it('[MO1] a newer recipe only offers a reindex: the index of the older one answers, and is added to', async () => {
    await fixture.engine.close()
    const library = new Database(join(fixture.libraryDir, 'library.db'))
    const { id, recipe, index_file } = library
      .prepare('SELECT t.id, t.recipe, t.index_file FROM live l JOIN targets t ON t.id = l.target_id')
      .get() as { id: number; recipe: string; index_file: string }
    const older = JSON.stringify({
      ...JSON.parse(recipe),
      keywords: 'keywords/0',
      normaliser: 'normaliser/0',
    })
    library.prepare('UPDATE targets SET recipe = ? WHERE id = ?').run(older, id)
    library.close()
    const index = new Database(join(fixture.libraryDir, index_file))
    index.prepare("UPDATE meta SET value = 'keywords/0' WHERE key = 'keywords'").run()
    index.close()
    await fixture.reopen()
    await fixture.engine.idle()
    const now = await status()
    expect(now.live.outdated).toEqual(['keywords', 'normaliser'])
    expect(now.reindex).toBeNull()
    fixture.write('newer.md', '# Newer\n\nA kingfisher waits by the sluice.\n')
    await fixture.rescan()
    expect((await fixture.search({ query: 'kingfisher sluice' })).hits[0]?.document.title).toBe('Newer')
    await isWhole(notes + 2)
    // Accepted: the same model and sizes, cut as this program does; the vectors are there already.
    await fixture.engine.reindex.start()
    await fixture.engine.idle()
    const offered = (await status()).reindex!
    expect(offered).toMatchObject({ state: 'complete', embedOnly: false })
    expect(offered.reusedVectors).toBe(offered.chunksDone)
    await fixture.engine.reindex.switch()
    await fixture.engine.idle()
    expect((await status()).live.outdated).toEqual([])
    await fixture.engine.reindex.dropFormer()
    await isWhole(notes + 2)
  }, 90_000)

  it('[CH1] cuts anew where a passage is longer than the new model reads', async () => {
    fixture.write(
      'long.md',
      `# Long\n\n${'The tide table of the northern estuary lists every hour. '.repeat(60)}\n`,
    )
    await fixture.rescan()
    cpSync(
      join(import.meta.dirname, '../../fixtures/models/tiny-mean'),
      join(fixture.libraryDir, 'models', 'tiny'),
      {
        recursive: true,
      },
    )
    await fixture.engine.models.override({ id: 'tiny', on: true })
    const estimate = await fixture.engine.reindex.estimate({ embeddingModel: 'tiny' })
    expect(estimate.embedOnly).toBe(false)
    expect(estimate.longest!.tokens).toBeLessThanOrEqual(estimate.longest!.limit)
    await fixture.engine.settings.update({ embeddingModel: 'tiny', afterReindex: 'switch' })
    await fixture.engine.idle()
    const now = await status()
    expect(now.reindex).toBeNull()
    expect(now.live.embeddingModel).toBe('tiny')
    expect(now.truncatedChunks).toBe(0)
    // The texts were cut to count it; removed ones that can be brought back are in the one number only.
    expect(Math.abs(now.chunks - estimate.chunks) / now.chunks).toBeLessThan(0.05)
    expect(filesOf(/^index-.*\.db$/)).toHaveLength(2)
    await isWhole(notes + 3)
  }, 90_000)

  it('[DA4] goes on from the pinned files when the model in use is removed', async () => {
    expect((await fixture.engine.models.list()).models.find((model) => model.id === 'tiny')?.pinned).toBe(
      true,
    )
    await fixture.engine.models.remove({ id: 'tiny' })
    expect(existsSync(join(fixture.libraryDir, 'models', 'tiny'))).toBe(false)
    expect((await fixture.search({ query: 'heron', mode: 'semantic' })).hits.length).toBeGreaterThan(0)
    await fixture.restart()
    const { hits } = await fixture.search({ query: 'heron', mode: 'semantic' })
    expect(hits[0]?.scores.semantic).not.toBeNull()
    fixture.write('after.md', '# After\n\nA bittern booms at dusk.\n')
    await fixture.rescan()
    await isWhole(notes + 4)
    await fixture.engine.settings.update({ embeddingModel: 'manifold-static-256' })
    await fixture.engine.idle()
    await fixture.engine.reindex.dropFormer()
    expect(readdirSync(join(fixture.libraryDir, 'models', '.pinned'))).toHaveLength(1)
    await isWhole(notes + 4)
  }, 120_000)
})

describe('an update of the app', () => {
  it('[DA4] that changes a built-in model searches on in the old space while the new one is built', async () => {
    const base = mkdtempSync(join(tmpdir(), 'manifold-update-'))
    const shipped = join(base, 'models')
    cpSync(createNodeHost().resources.models, shipped, { recursive: true })
    const libraryDir = join(base, 'library')
    const host = { ...createNodeHost(), resources: { ...createNodeHost().resources, models: shipped } }
    const open = () => createEngine({ host, libraryDir, version: 'test', watch: false })
    const notesDir = join(base, 'notes')
    cpSync(fixture.notes, notesDir, { recursive: true })
    let engine = await open()
    try {
      await engine.local.add({ paths: [notesDir] })
      await engine.idle()
      const before = (await engine.system.status()).live.space
      await engine.reindex.pause()
      await engine.ingest.pause()
      await engine.close()
      // The update: another tokeniser setting, which makes another space of the same name.
      const config = join(shipped, 'manifold-static-256', 'sentence_bert_config.json')
      const changed = JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), max_seq_length: 500 })
      writeFileSync(`${config}.new`, changed)
      renameSync(`${config}.new`, config)
      engine = await open()
      const found: SearchUpdate[] = []
      const request = SearchRequest.parse({ query: 'heron', mode: 'semantic' })
      for await (const update of engine.search.run(request, new AbortController().signal)) found.push(update)
      expect(found.at(-1)!.hits.length).toBeGreaterThan(0)
      expect(found.at(-1)!.notes).not.toContain('semantic-unavailable')
      await engine.ingest.resume()
      await engine.idle()
      const after = await engine.system.status()
      expect(after.live.space).not.toBe(before)
      expect(after.former).toMatchObject({ space: before, usable: true })
      expect(existsSync(join(libraryDir, 'models', '.pinned', before))).toBe(true)
    } finally {
      await engine.close()
      rmSync(base, { recursive: true, force: true })
    }
  }, 120_000)
})
