/** What every extractor returns: blocks of text, each line tied to where it stands in the file [EX1]. */
import type { DocumentKind, Reason } from '../../shared/document.ts'

/** [x0, y0, x1, y1] in PDF points, origin bottom left of the page's crop box. */
export type Box = [x0: number, y0: number, x1: number, y1: number]

/** One line of the file inside a block: `start` and `end` are UTF-16 offsets into the block's text. */
export interface Line {
  start: number
  end: number
  /** 1-based PDF page, null elsewhere. */
  page: number | null
  box: Box | null
  /** 1-based line of the source file, null for PDF. */
  line: number | null
}

export type BlockKind = 'heading' | 'paragraph' | 'list' | 'code' | 'table' | 'quote'

export interface Block {
  kind: BlockKind
  /** Heading level from 1, null for others. */
  level: number | null
  /** Raw text as the file has it; normalising is a later stage [EX2]. Lines are joined with '\n'. */
  text: string
  lines: Line[]
}

export interface Page {
  /** Printed label where the file gives one. */
  label: string | null
  widthPoints: number
  heightPoints: number
  chars: number
}

export interface ExtractedText {
  /** Name and version, as 'pdf/1'. A newer one re-reads files where they are present. */
  extractor: string
  kind: DocumentKind
  /** The document's own title; never a file name. */
  title: string | null
  /** ISO date the document gives itself. */
  date: string | null
  tags: string[]
  metadata: Record<string, string>
  pages: Page[] | null
  blocks: Block[]
  /** Decoded text of a Markdown or text file, for the reader; null for PDF. */
  source: string | null
  /** Set when part of the file gave no text: the document is then 'partial'. */
  partial: Reason | null
}

/** An extractor never throws for what is wrong with a file: it says so. */
export type ExtractResult = { ok: true; text: ExtractedText } | { ok: false; reason: Reason }
