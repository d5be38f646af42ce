/**
 * Indexing Markdown from disk to searchable rows, against the model alone on the same tokens in the same run [design 8].
 * Reference: `tokenise + run`, our tokenizer and the embedder's batches with nothing else; for a heavy model that is
 * all but `session.run` itself (bench/embedding.ts measures that loop bare).
 *
 *   node bench/indexing.ts [--model id] [--notes n] [--encoder] [--texts folder]
 *
 * --encoder: a float32 graph of MiniLM-L6's size with random weights instead of a built-in model.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createModels } from '../src/core/engine/models.ts'
import { newTarget } from '../src/core/reindex/choose.ts'
import { createExtractor } from '../src/core/extract/extractor-client.ts'
import { ingestQueue, nothingBeside, type OpenTarget } from '../src/core/ingest/ingest.ts'
import { createModelCatalog } from '../src/core/models/catalog.ts'
import { loadTokenizer } from '../src/core/models/load.ts'
import { createNodeHost } from '../src/core/node-host.ts'
import { nameTokens } from '../src/core/search/keyword-tokens.ts'
import { openIndexStore } from '../src/core/store/index/index-store.ts'
import { modelsFolder } from '../src/core/store/library/layout.ts'
import { openLibrary } from '../src/core/store/library/library.ts'
import { openVectorStore } from '../src/core/store/vectors/vector-store.ts'
import { ChunkingSettings } from '../src/shared/settings.ts'
import { writeEncoder } from './embedding-graph.ts'
import { writeNotes } from './notes.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'manifold-static-256' },
    notes: { type: 'string' },
    encoder: { type: 'boolean', default: false },
    texts: { type: 'string', default: '../shared/evaluation' },
  },
})
const modelId = values.encoder ? 'bench-encoder' : values.model
const noteCount = Number(values.notes ?? (values.encoder ? 30 : 1000))
const warmNotes = values.encoder ? 2 : 40

const base = mkdtempSync(join(tmpdir(), 'manifold-bench-'))
const notesDir = join(base, 'notes')
const libraryDir = join(base, 'library')
mkdirSync(notesDir)
mkdirSync(libraryDir)

const host = createNodeHost()
const models = createModels({ host, libraryDir })
const extractor = createExtractor({ host })
try {
  writeNotes(notesDir, noteCount, values.texts)
  if (values.encoder) await writeEncoderModel()
  const embedder = await models.embedder(modelId, { threads: 2, device: 'cpu' })
  const facts = await models.facts(modelId)
  const chunking = ChunkingSettings.parse({})
  const target = newTarget({ ...facts, modelId, chunking }, { state: 'ready', fresh: false }, null)
  const library = openLibrary(libraryDir, { nameTokens })
  const index = openIndexStore(join(libraryDir, target.indexFile), { recipe: target.chunkingId })
  const vectors = openVectorStore(join(libraryDir, target.vectorsFile), {
    space: facts.space,
    dimensions: facts.dimensions,
    indexUuid: index.uuid,
  })
  const live: OpenTarget = {
    target: { ...target, id: 1, error: null, errorCode: null, reused: 0 },
    beside: nothingBeside,
    index,
    vectors,
    embedder,
    embedSentences: (sentences) => embedder.embedDocuments(sentences),
  }
  const signal = new AbortController().signal
  const sourceId = library.sources.ensure('folder', notesDir)
  const file = (name: string) => ({
    path: join(notesDir, name),
    relPath: name,
    kind: 'markdown' as const,
    sizeBytes: 1,
    mtimeMs: 1,
  })
  const ingest = () =>
    ingestQueue(live, {
      library,
      libraryDir,
      signal,
      extract: (path, kind, aborting) => extractor.extract(path, kind, aborting),
      onProgress: () => {},
    })
  // Warm: the extractor process, the graph, the compiled code.
  const warm = Array.from({ length: warmNotes }, (_, i) => file(`note-${i}.md`))
  library.documents.upsert(sourceId, warm, true)
  await ingest()

  const rest = Array.from({ length: noteCount - warmNotes }, (_, i) => file(`note-${i + warmNotes}.md`))
  library.documents.upsert(sourceId, rest, true)
  const before = new Set(index.texts())
  const indexingMs = await measure(ingest)

  const rows = index.texts().flatMap((sha256) => (before.has(sha256) ? [] : index.inputs(sha256)))
  const tokens = rows.reduce((sum, row) => sum + row.tokens, 0)
  const inputs = rows.map((row) => row.input)
  // A fresh embedder has no memory of these inputs' tokens.
  const fresh = createModels({ host, libraryDir })
  const alone = await fresh.embedder(modelId, { threads: 2, device: 'cpu' })
  await alone.embedDocuments(inputs.slice(0, 50))
  const aloneMs = await measure(async () => void (await alone.embedDocuments(inputs.slice(50))))
  const aloneTokens = rows.slice(50).reduce((sum, row) => sum + row.tokens, 0)
  await fresh.close()

  // The package's own tokeniser, as everybody else runs it, one text after the other.
  const { Tokenizer } = await import('@huggingface/tokenizers')
  const model = await createModelCatalog({
    builtInDir: host.resources.models,
    localDir: modelsFolder(libraryDir),
  }).resolveModel(modelId)
  const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as object
  const plain = new Tokenizer(
    json(model.tokenizerFile),
    model.tokenizerConfigFile ? json(model.tokenizerConfigFile) : {},
  )
  for (const input of inputs.slice(0, 50)) plain.encode(input)
  const tokeniserMs = await measure(async () => {
    for (const input of inputs.slice(50)) plain.encode(input)
  })

  const rate = (count: number, ms: number) => Math.round(count / (ms / 1000))
  const row = (wall: number, processor: number) => ({ 'by the clock': wall, 'by processor time': processor })
  const ratio = (one: number, other: number) => Number((one / other).toFixed(3))
  const indexing = [rate(tokens, indexingMs.wall), rate(tokens, indexingMs.processor)] as const
  const ours = [rate(aloneTokens, aloneMs.wall), rate(aloneTokens, aloneMs.processor)] as const
  const theirs = [rate(aloneTokens, tokeniserMs.wall), rate(aloneTokens, tokeniserMs.processor)] as const
  console.table({
    'indexing, tokens/s': row(...indexing),
    'our tokeniser + run alone, tokens/s': row(...ours),
    'package tokeniser, without the run, tokens/s': row(...theirs),
    'indexing : our tokeniser + run': row(ratio(indexing[0], ours[0]), ratio(indexing[1], ours[1])),
    'indexing : package tokeniser': row(ratio(indexing[0], theirs[0]), ratio(indexing[1], theirs[1])),
  })
  console.log(
    `${rest.length} documents, ${rows.length} chunks, ${tokens} tokens; processor time is this process's, the extractor runs beside it`,
  )
  index.close()
  vectors.close()
  library.close()
} finally {
  await extractor.close()
  await models.close()
  rmSync(base, { recursive: true, force: true })
}

async function writeEncoderModel(): Promise<void> {
  const built = await createModelCatalog({ builtInDir: host.resources.models, localDir: null }).resolveModel(
    values.model,
  )
  const folder = join(modelsFolder(libraryDir), modelId)
  mkdirSync(folder, { recursive: true })
  writeEncoder(folder, (await loadTokenizer(built)).size)
  copyFileSync(built.tokenizerFile, join(folder, 'tokenizer.json'))
  copyFileSync(built.tokenizerConfigFile!, join(folder, 'tokenizer_config.json'))
}

/** Milliseconds by the clock, and of this process's processors. */
async function measure(work: () => Promise<void>): Promise<{ wall: number; processor: number }> {
  const cpu = process.cpuUsage()
  const started = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { wall: performance.now() - started, processor: (user + system) / 1000 }
}
