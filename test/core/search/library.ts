/** A small library for search tests: real index and vector files, documents from a list, a hashing embedder. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Chunk } from '../../../src/core/chunk/types.ts'
import type { DocumentFilter, DocumentLookup, SearchDocument } from '../../../src/core/search/documents.ts'
import { createSearchJobs } from '../../../src/core/search/jobs.ts'
import { keywordTokens } from '../../../src/core/search/keyword-tokens.ts'
import { createSearch, type SearchOptions } from '../../../src/core/search/search.ts'
import { openIndexStore } from '../../../src/core/store/index/index-store.ts'
import { openVectorStore } from '../../../src/core/store/vectors/vector-store.ts'
import type { SearchRequestInput, SearchUpdate } from '../../../src/shared/search.ts'

export const sha = (text: string): string => createHash('sha256').update(text).digest('hex')
export const dimensions = 64
export const space = 'hash-64'

/** Tokens hashed to signed dimensions: knows words only, which is all these tests need. */
export function hashVector(text: string): Float32Array {
  const vector = new Float32Array(dimensions)
  for (const token of keywordTokens(text)) {
    const hash = createHash('md5').update(token.text).digest()
    vector[hash[0]! % dimensions]! += hash[1]! & 1 ? 1 : -1
  }
  const norm = Math.hypot(...vector)
  if (norm === 0) vector[0] = 1
  return norm === 0 ? vector : vector.map((value) => value / norm)
}

export interface TestDocument {
  name: string
  chunks: string[]
  title?: string
  headings?: string[]
  kind?: 'markdown' | 'pdf' | 'text'
  date?: string
  tags?: string[]
  removed?: boolean
  /** Documents with the same key have the same bytes. */
  bytes?: string
}

export function chunksOf(document: TestDocument): Chunk[] {
  let start = 0
  const headings = [...(document.title ? [document.title] : []), ...(document.headings ?? [])]
  return document.chunks.map((text, ordinal) => {
    const input = headings.length > 0 ? `${headings.join(' > ')}\n${text}` : text
    const chunk: Chunk = {
      ordinal,
      start,
      end: start + text.length,
      overlapChars: 0,
      text,
      headings,
      pageStart: document.kind === 'pdf' ? ordinal + 1 : null,
      pageEnd: document.kind === 'pdf' ? ordinal + 1 : null,
      pages: document.kind === 'pdf' ? [{ start: 0, page: ordinal + 1, label: null }] : [],
      lineStart: ordinal + 1,
      lineEnd: ordinal + 1,
      tokens: text.length,
      input,
      inputHash: sha(input),
      truncated: false,
    }
    start += text.length
    return chunk
  })
}

export function makeLibrary(documents: TestDocument[], options: Partial<SearchOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'manifold-search-'))
  const indexPath = join(folder, 'index-a.db')
  const vectorsPath = join(folder, 'vectors-a-b.db')
  const index = openIndexStore(indexPath, { recipe: 'test' })
  const vectors = openVectorStore(vectorsPath, { space, dimensions, indexUuid: index.uuid })
  const rows: (SearchDocument & { removed: boolean })[] = []
  let version = 1
  let generation = 1

  function add(document: TestDocument): void {
    const sha256 = sha(document.bytes ?? document.name)
    rows.push({
      id: rows.length + 1,
      sha256,
      title: document.title ?? document.name,
      path: `/notes/${document.name}`,
      kind: document.kind ?? 'markdown',
      status: 'indexed',
      date: document.date ?? '2024-01-01',
      tags: document.tags ?? [],
      connected: true,
      removed: document.removed ?? false,
    })
    version++
    index.put({ sha256, title: document.title ?? null, chunks: chunksOf(document) })
    vectors.put(
      sha256,
      index
        .inputs(sha256)
        .map(({ chunkId, input, inputHash }) => ({ chunkId, inputHash, vector: hashVector(input) })),
    )
  }
  for (const document of documents) add(document)
  index.refreshFrequent()

  const passes = (row: SearchDocument & { removed: boolean }, filter: DocumentFilter): boolean =>
    !row.removed &&
    (!filter.kinds?.length || filter.kinds.includes(row.kind)) &&
    (!filter.tags?.length || filter.tags.some((tag) => row.tags.includes(tag))) &&
    (filter.after === undefined || row.date >= filter.after) &&
    (filter.before === undefined || row.date <= filter.before) &&
    (filter.conditions ?? []).every(
      (condition) =>
        (condition.field === 'tag' ? row.tags.includes(condition.value) : row.kind === condition.value) !==
        condition.not,
    )
  const lookup: DocumentLookup = {
    live: () => ({ indexPath, vectorsPath, space, dimensions, generation }),
    version: () => version,
    byTexts(shas, filter) {
      const found = new Map<string, SearchDocument[]>()
      for (const row of rows) {
        if (!shas.includes(row.sha256) || !passes(row, filter)) continue
        found.set(row.sha256, [...(found.get(row.sha256) ?? []), row])
      }
      return found
    },
    allowed: (filter) => new Set(rows.filter((row) => passes(row, filter)).map((row) => row.sha256)),
    hidden: () => new Set(rows.filter((row) => row.removed).map((row) => row.sha256)),
    names: () => [],
    fields: () => new Set(['status']),
    waiting: () => 0,
    close() {},
  }
  const jobs = createSearchJobs(lookup)
  const asyncJobs = {
    parse: async (argument: Parameters<typeof jobs.parse>[0]) => jobs.parse(argument),
    begin: async (argument: Parameters<typeof jobs.begin>[0]) => jobs.begin(argument),
    order: async (argument: Parameters<typeof jobs.order>[0]) => jobs.order(argument),
  }
  const search = createSearch({
    jobs: asyncJobs,
    embedder: () => ({ space, embedQuery: async (text) => hashVector(text) }),
    reranker: () => null,
    rerankBudgetMs: () => 1000,
    ...options,
  })
  return {
    index,
    vectors,
    lookup,
    jobs,
    search,
    add,
    documents: rows,
    /** As the engine does it: another generation, and the thread looks. */
    switchIndex() {
      generation++
      jobs.warm()
    },
    async all(request: SearchRequestInput): Promise<SearchUpdate[]> {
      const updates: SearchUpdate[] = []
      for await (const update of search.run(request)) updates.push(update)
      return updates
    },
    async find(request: SearchRequestInput): Promise<SearchUpdate> {
      return (await this.all(request)).at(-1)!
    },
    close() {
      jobs.close()
      index.close()
      vectors.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
