/** A labelled set as a library of its own in a temporary folder: the app's chunker, stores and search, nothing else. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import type { ChunkingSettings } from '../../shared/settings.ts'
import { chunkText } from '../chunk/chunk.ts'
import { normalise } from '../chunk/normalise.ts'
import type { Embedder } from '../embed/types.ts'
import type { ExtractedText } from '../extract/types.ts'
import type { DocumentLookup, SearchDocument } from '../search/documents.ts'
import { openLiveIndex, type LiveIndex } from '../search/live-index.ts'
import { openIndexStore } from '../store/index/index-store.ts'
import { openVectorStore } from '../store/vectors/vector-store.ts'
import type { BeirDocument } from './beir.ts'

export interface Corpus {
  live: LiveIndex
  lookup: DocumentLookup
  chunks: number
  /** The set's own id of a document, null for a distractor. */
  idOf(sha256: string): string | null
  close(): void
}

export interface CorpusOptions {
  documents: readonly BeirDocument[]
  distractors?: readonly BeirDocument[]
  embedder: Embedder
  chunking?: ChunkingSettings
  onProgress?(done: number, total: number): void
  signal?: AbortSignal | undefined
}

const groupTexts = 128

export async function buildCorpus(options: CorpusOptions): Promise<Corpus> {
  const { documents, distractors = [], embedder, onProgress, signal } = options
  const chunking = options.chunking ?? { strategy: 'recursive', targetTokens: 200, overlapTokens: 0 }
  const folder = mkdtempSync(join(tmpdir(), 'manifold-evaluate-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const indexPath = join(folder, 'index-evaluate.db')
    const vectorsPath = join(folder, 'vectors-evaluate.db')
    const index = openIndexStore(indexPath, { recipe: 'evaluate' })
    const { space, dimensions } = embedder
    const vectors = openVectorStore(vectorsPath, { space, dimensions, indexUuid: index.uuid })
    const ids = new Map<string, string | null>()
    const rows = new Map<string, SearchDocument>()
    const all = [...documents, ...distractors]
    for (let from = 0; from < all.length; from += groupTexts) {
      if (signal?.aborted) throw new AppError('cancelled', 'the evaluation was given up')
      const group: Parameters<typeof index.putMany>[0][number][] = []
      for (let i = from; i < Math.min(all.length, from + groupTexts); i++) {
        const document = all[i]!
        const sha256 = createHash('sha256').update(`${i} ${document.id}`).digest('hex')
        ids.set(sha256, i < documents.length ? document.id : null)
        rows.set(sha256, asSearchDocument(document, sha256, i + 1))
        const chunks = await chunkText(normalise(asExtracted(document)), {
          ...chunking,
          maxTokens: embedder.maxTokens,
          countTokens: (input) => embedder.countTokens(input),
          embedSentences: (sentences) => embedder.embedDocuments(sentences),
        })
        group.push({ sha256, title: document.title || null, chunks })
      }
      index.putMany(group)
      const inputs = group.map(({ sha256 }) => ({ sha256, rows: index.inputs(sha256) }))
      const embedded = await embedder.embedDocuments(
        inputs.flatMap((one) => one.rows.map((row) => row.input)),
        signal,
      )
      let at = 0
      vectors.putMany(
        inputs.map((one) => ({
          sha256: one.sha256,
          rows: one.rows.map(({ chunkId, inputHash }) => ({ chunkId, inputHash, vector: embedded[at++]! })),
        })),
      )
      onProgress?.(Math.min(all.length, from + groupTexts), all.length)
    }
    index.refreshFrequent()
    const { chunks } = index.counts()
    index.close()
    vectors.close()
    const target = { indexPath, vectorsPath, space, dimensions, generation: 1 }
    const live = openLiveIndex(target)
    if (!live) throw new AppError('internal', 'the evaluation index is not there')
    live.refresh()
    return {
      live,
      chunks,
      idOf: (sha256) => ids.get(sha256) ?? null,
      lookup: {
        live: () => target,
        version: () => 1,
        byTexts: (shas) => new Map(shas.flatMap((sha) => (rows.has(sha) ? [[sha, [rows.get(sha)!]]] : []))),
        allowed: () => null,
        hidden: () => new Set(),
        names: () => [],
        fields: () => new Set(),
        waiting: () => 0,
        close() {},
      },
      close() {
        live.close()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

function asExtracted({ title, text }: BeirDocument): ExtractedText {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return {
    extractor: 'evaluate/1',
    kind: 'markdown',
    title: title || null,
    date: null,
    tags: [],
    metadata: {},
    pages: null,
    blocks: lines.map((line, i) => ({
      kind: 'paragraph',
      level: null,
      text: line,
      lines: [{ start: 0, end: line.length, page: null, box: null, line: i + 1 }],
    })),
    source: null,
    partial: null,
  }
}

const asSearchDocument = ({ id, title }: BeirDocument, sha256: string, number: number): SearchDocument => ({
  id: number,
  sha256,
  title: title || id,
  path: id,
  kind: 'text',
  status: 'indexed',
  date: '2000-01-01',
  tags: [],
  connected: true,
})
