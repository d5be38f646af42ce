/** Text to vectors. An embedder belongs to one space; vectors of two spaces never meet [MO1]. */

export interface Embedder {
  /** The space's signature, sha256 hex of everything that shapes a vector. */
  readonly space: string
  readonly modelId: string
  readonly dimensions: number
  /** Tokens of one input at most, special tokens and prompt included. */
  readonly maxTokens: number
  /** Execution provider that really runs, as 'cpu'. */
  readonly provider: string
  /** Tokens of a document input, special tokens and document prompt included. Cheap; runs on the caller's thread. */
  countTokens(input: string): number
  /** Unit vectors, one an input, in order. Inputs get the document prompt. `signal` stops between batches. */
  embedDocuments(inputs: string[], signal?: AbortSignal): Promise<Float32Array[]>
  /** One unit vector; the text gets the query prompt. */
  embedQuery(text: string): Promise<Float32Array>
  close(): Promise<void>
}
