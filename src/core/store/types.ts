/** What the derived files promise to the stages that fill and read them. One implementation: store/index, store/vectors. */
import type { Chunk } from '../chunk/types.ts'

/** index-<chunking>.db: chunks and keywords of one chunking. Texts are named by the sha256 (hex) of their file's bytes. */
export interface IndexStore {
  /** Random id written when the file was made; vectors files name it, so they never meet another file's chunk ids. */
  readonly uuid: string
  /** True when the text's chunks and keyword rows are all here (written in the same transaction). */
  has(sha256: string): boolean
  /** All or nothing; replaces what was there. Chunk ids are never used twice. */
  put(text: { sha256: string; title: string | null; chunks: readonly Chunk[] }): void
  drop(sha256: string): void
  /** sha256 of every complete text. */
  texts(): string[]
  /** The chunks of one text in order, with what a model embeds for each. */
  inputs(
    sha256: string,
  ): { chunkId: number; input: string; inputHash: string; tokens: number; truncated: boolean }[]
  /** Ids of the chunks of one text, in order; empty when it is not here. */
  chunkIds(sha256: string): number[]
  counts(): { texts: number; chunks: number; truncated: number; maxTokens: number }
  /** Refreshes the list of frequent terms; called when a batch of work ends. */
  refreshFrequent(): void
  /** null when sound, else what is wrong (integrity of file and keyword index, rows without their partner). */
  check(): string | null
  /** After drops that must leave nothing behind: merges the keyword index and folds the log, so that freed pages are overwritten. */
  purge(): void
  close(): void
}

/** vectors-<chunking>-<space>.db: one unit vector a chunk. */
export interface VectorStore {
  has(sha256: string): boolean
  /** All or nothing: rows and the done mark in one transaction. Refuses non-finite or non-unit vectors and wrong dimensions. */
  put(sha256: string, rows: readonly { chunkId: number; inputHash: string; vector: Float32Array }[]): void
  /** A vector already stored for exactly this input, whatever chunk it belonged to: the cache. */
  find(inputHash: string): Float32Array | null
  drop(sha256: string): void
  texts(): string[]
  /** Ids of the chunks whose vectors stand for this text, in order. */
  chunkIds(sha256: string): number[]
  counts(): { texts: number; vectors: number }
  check(): string | null
  /** See IndexStore.purge. */
  purge(): void
  close(): void
}
