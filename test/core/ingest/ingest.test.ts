import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Embedder } from '../../../src/core/embed/types.ts'
import { extractFile } from '../../../src/core/extract/extract.ts'
import { nothingBeside, ingestQueue, type OpenTarget } from '../../../src/core/ingest/ingest.ts'
import { resourceDirs } from '../../../src/core/package-layout.ts'
import { nameTokens } from '../../../src/core/search/keyword-tokens.ts'
import { openIndexStore } from '../../../src/core/store/index/index-store.ts'
import { openLibrary, type Library } from '../../../src/core/store/library/library.ts'
import { openVectorStore } from '../../../src/core/store/vectors/vector-store.ts'
import { AppError } from '../../../src/shared/errors.ts'
import { ChunkingSettings } from '../../../src/shared/settings.ts'

let folder: string
let library: Library
let live: OpenTarget
let embedded: string[]
/** What the embedder does before it answers. */
let onInputs: (inputs: string[]) => void

const space = 's'.repeat(64)

const embedder: Embedder = {
  space,
  modelId: 'test',
  dimensions: 4,
  maxTokens: 512,
  provider: 'cpu',
  countTokens: (input) => input.length,
  async embedDocuments(inputs) {
    onInputs(inputs)
    embedded.push(...inputs)
    return inputs.map(() => Float32Array.of(1, 0, 0, 0))
  },
  embedQuery: async () => Float32Array.of(1, 0, 0, 0),
  close: async () => {},
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifold-ingest-'))
  embedded = []
  onInputs = () => {}
  library = openLibrary(folder, { nameTokens })
  const index = openIndexStore(join(folder, 'index-a.db'), { recipe: 'r' })
  const vectors = openVectorStore(join(folder, 'vectors-a.db'), {
    space,
    dimensions: 4,
    indexUuid: index.uuid,
  })
  live = {
    target: {
      id: 1,
      state: 'ready',
      modelId: 'test',
      space,
      spaceFields: {},
      dimensions: 4,
      chunking: ChunkingSettings.parse({ targetTokens: 64 }),
      chunkingId: 'r',
      recipe: {},
      indexFile: 'index-a.db',
      vectorsFile: 'vectors-a.db',
      error: null,
      errorCode: null,
      fresh: false,
      reused: 0,
    },
    beside: nothingBeside,
    index,
    vectors,
    embedder,
    embedSentences: async () => [],
  }
})

afterEach(() => {
  live.index.close()
  live.vectors.close()
  library.close()
  rmSync(folder, { recursive: true, force: true })
})

function add(name: string, content: string): void {
  const path = join(folder, name)
  writeFileSync(path, content)
  const sourceId = library.sources.ensure('folder', folder)
  const mtimeMs = Date.now() + Math.random() * 1e6
  const file = { path, relPath: name, kind: 'markdown' as const, sizeBytes: content.length, mtimeMs }
  library.documents.upsert(sourceId, [file], true)
}

const ingest = () =>
  ingestQueue(live, {
    library,
    libraryDir: folder,
    signal: new AbortController().signal,
    extract: (path, kindHint) => extractFile({ path, kindHint, resources: resourceDirs() }),
    onProgress: () => {},
  })

const row = (name: string) => library.documents.get(library.documents.idOfPath(join(folder, name))!)!

it('[DA2] a text the model cannot take fails alone, with its reason', async () => {
  add('a.md', 'Herons fish at dawn.\n')
  add('b.md', 'This one is POISON to the model.\n')
  add('c.md', 'Otters sleep at noon.\n')
  onInputs = (inputs) => {
    if (inputs.some((input) => input.includes('POISON'))) throw new AppError('model-invalid', 'not finite')
  }
  await ingest()
  expect([row('a.md').status, row('b.md').status, row('c.md').status]).toEqual([
    'indexed',
    'failed',
    'indexed',
  ])
  expect(JSON.parse(row('b.md').reason!)).toMatchObject({ code: 'model-failed' })
  expect(library.queue.waiting()).toBe(0)
})

it('[DA1] what was in hand when a process died waits again, untouched', async () => {
  add('a.md', 'Herons fish at dawn.\n')
  onInputs = () => {
    throw new AppError('unavailable', 'the inference thread ended')
  }
  await expect(ingest()).rejects.toMatchObject({ code: 'unavailable' })
  expect(row('a.md').status).toBe('queued')
  onInputs = () => {}
  await ingest()
  expect(row('a.md').status).toBe('indexed')
})

it('a changed file embeds only what changed', async () => {
  const paragraphs = Array.from(
    { length: 12 },
    (_, i) => `Paragraph ${i} tells of heron number ${i} in the reeds.`,
  )
  add('a.md', paragraphs.join('\n\n'))
  await ingest()
  const first = embedded.length
  expect(first).toBeGreaterThan(3)
  embedded = []
  paragraphs[11] = 'Paragraph 11 now tells of an otter by the weir.'
  add('a.md', paragraphs.join('\n\n'))
  await ingest()
  expect(embedded).toHaveLength(1)
  expect(embedded[0]).toContain('otter')
})

it('equal files share one text, and their chunks are embedded once', async () => {
  add('a.md', 'Herons fish at dawn.\n')
  add('b.md', 'Herons fish at dawn.\n')
  await ingest()
  expect(embedded).toHaveLength(1)
  expect(row('a.md').sha256).toBe(row('b.md').sha256)
  expect(library.documents.copies(row('a.md').id).map((copy) => copy.id)).toEqual([row('b.md').id])
})
