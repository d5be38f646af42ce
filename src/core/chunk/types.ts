/** Normalised text and the chunks cut from it. All offsets are UTF-16 units of `NormalisedText.text`. */
import type { BlockKind, Box } from '../extract/types.ts'

export interface NormalisedBlock {
  kind: BlockKind
  level: number | null
  start: number
  end: number
  /** Headings above this block, outermost first, the document's title not included. */
  headings: string[]
}

export interface NormalisedLine {
  start: number
  end: number
  page: number | null
  box: Box | null
  line: number | null
}

/** Where a page begins inside a chunk. */
export interface ChunkPage {
  /** UTF-16 offset into the chunk's text. */
  start: number
  /** From 1. */
  page: number
  /** As printed on it, where the file says. */
  label: string | null
}

export interface NormalisedText {
  /** Version of the normalising function, part of the recipe. */
  normaliser: string
  /** The document's own title, root of every heading trail; null where it has none. */
  title: string | null
  /** Blocks joined by '\n\n'. */
  text: string
  blocks: NormalisedBlock[]
  lines: NormalisedLine[]
  /** Printed label of every page; absent where the format has no pages. */
  pageLabels?: (string | null)[]
}

export interface Chunk {
  ordinal: number
  start: number
  end: number
  /** Characters at its start that the chunk before also has. */
  overlapChars: number
  /** `text.slice(start, end)` */
  text: string
  /** Trail: title first. */
  headings: string[]
  pageStart: number | null
  pageEnd: number | null
  /** Every page it has text on, in reading order; empty where the format has none. */
  pages: ChunkPage[]
  lineStart: number | null
  lineEnd: number | null
  /** Tokens of `input` by the embedding model's tokenizer, special tokens and document prompt included [CH1]. */
  tokens: number
  /** Exactly what the model embeds, without the prompt: trail, then text. */
  input: string
  /** sha256 of `input`, hex. */
  inputHash: string
  /** True when even a single unit exceeded the limit and the model sees less than the text; never silent [CH1]. */
  truncated: boolean
}

/** What some model can take of one input, special tokens and document prompt included. */
export interface Limit {
  maxTokens: number
  countTokens(input: string): number
}

export interface ChunkOptions {
  strategy: 'fixed' | 'recursive' | 'semantic'
  targetTokens: number
  overlapTokens: number
  /** The model's limit, special tokens and document prompt included. */
  maxTokens: number
  /** Tokens of a whole model input, special tokens and document prompt included. */
  countTokens(input: string): number
  /** Of other models that stand on the same chunks: sizes are not counted by them, but no chunk exceeds one [CH1]. */
  limits?: readonly Limit[]
  /** Unit vectors of sentences, by the built-in model whatever the live one is; needed by 'semantic' only. */
  embedSentences?(sentences: string[]): Promise<Float32Array[]>
}
