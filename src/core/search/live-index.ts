/**
 * The index that answers, as the search thread holds it: readers, the codes, and which chunk ids belong to which text.
 * Follows the library's `live` row: a switch is noticed at the next search.
 */
import { existsSync } from 'node:fs'
import { openIndexReader, type IndexReader } from '../store/index/index-reader.ts'
import { openVectorReader, type VectorReader } from '../store/vectors/vector-reader.ts'
import { createCodeTable, type CodeTable } from './codes.ts'
import type { LiveTarget } from './documents.ts'
import { createStatistics, type KeywordStatistics } from './keyword.ts'
import { createTextTable, type TextTable } from './texts.ts'

export interface LiveIndex {
  readonly target: LiveTarget
  readonly index: IndexReader
  readonly vectors: VectorReader
  readonly codes: CodeTable
  readonly texts: TextTable
  statistics(): KeywordStatistics
  /** The last mask asked for under this key, until the index changes: while one types, the filter stays. */
  remembered(key: string, make: () => Uint8Array | null): Uint8Array | null
  /** Takes in what was written since; cheap when nothing was. */
  refresh(): void
  close(): void
}

/** null while the files are not there yet. */
export function openLiveIndex(target: LiveTarget): LiveIndex | null {
  if (!existsSync(target.indexPath) || !existsSync(target.vectorsPath)) return null
  const index = openIndexReader(target.indexPath)
  let vectors: VectorReader
  try {
    vectors = openVectorReader(target.vectorsPath, {
      space: target.space,
      dimensions: target.dimensions,
      indexUuid: index.uuid,
    })
  } catch (error) {
    index.close()
    throw error
  }
  const codes = createCodeTable(target.dimensions)
  const texts = createTextTable()
  let indexVersion: number | null = null
  let vectorsVersion: number | null = null
  let statistics: KeywordStatistics | null = null
  let countedAt = 0
  let mask: { key: string; value: Uint8Array | null } | null = null

  return {
    target,
    index,
    vectors,
    codes,
    texts,
    refresh() {
      const now = { index: index.version(), vectors: vectors.version() }
      if (now.index !== indexVersion) {
        texts.refresh(index)
        mask = null
        // Counts of terms may be a little old; after a twentieth more or less chunks they are asked again.
        if (statistics && Math.abs(texts.chunks - countedAt) > countedAt / 20) statistics = null
        indexVersion = now.index
      }
      if (now.vectors !== vectorsVersion) {
        codes.refresh(vectors)
        vectorsVersion = now.vectors
      }
    },
    statistics() {
      if (!statistics) {
        statistics = createStatistics(index, texts.chunks)
        countedAt = texts.chunks
      }
      return statistics
    },
    remembered(key, make) {
      if (mask?.key !== key) mask = { key, value: make() }
      return mask.value
    },
    close() {
      index.close()
      vectors.close()
    },
  }
}
