/** Which extractor a file gets by its name, its version, and how large a file it takes. No parser is loaded for this. */
import type { DocumentKind } from '../../shared/document.ts'

/** 'other' is never read; it has a version so that every kind has one. */
export const extractorVersions: Record<DocumentKind, string> = {
  pdf: 'pdf/1',
  markdown: 'markdown/1',
  text: 'text/1',
  other: 'none/1',
}

export const sizeLimits: Record<DocumentKind, number> = {
  pdf: 200_000_000,
  markdown: 50_000_000,
  text: 50_000_000,
  other: 0,
}

const extensions = new Map<string, DocumentKind>([
  ['pdf', 'pdf'],
  ...['md', 'markdown', 'mdown', 'mkd', 'mdx', 'qmd', 'rmd'].map((one): [string, DocumentKind] => [
    one,
    'markdown',
  ]),
  ...(
    'txt text log rst org tex ltx bib adoc asciidoc textile wiki mediawiki csv tsv json jsonl ndjson yaml yml toml ini cfg ' +
    'conf properties srt vtt sbv lrc nfo'
  )
    .split(' ')
    .map((one): [string, DocumentKind] => [one, 'text']),
])

const textNames =
  /^(?:readme|license|licence|copying|changelog|changes|authors|contributors|contributing|notice|todo|install|news)$/i

/** By name alone, so that a folder can be counted without reading it. Source code is 'other': found by name only. */
export function kindOfName(name: string): DocumentKind {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
  const dot = base.lastIndexOf('.')
  if (dot <= 0) return textNames.test(base) ? 'text' : 'other'
  return extensions.get(base.slice(dot + 1).toLowerCase()) ?? 'other'
}
