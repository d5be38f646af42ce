/** Hits as a table or as Markdown. Cells that a spreadsheet would take for a formula are made plain text. */
import type { Hit } from '../../shared/search.ts'

const columns = ['title', 'path', 'page', 'lines', 'date', 'headings', 'passage'] as const

export function toCsv(hits: Hit[]): string {
  const rows = hits.map(({ document, chunk }) => [
    document.title,
    document.path,
    chunk.pageLabel ?? chunk.page ?? '',
    chunk.lineStart === null ? '' : `${chunk.lineStart}-${chunk.lineEnd ?? chunk.lineStart}`,
    document.date.slice(0, 10),
    chunk.headings.join(' > '),
    chunk.text,
  ])
  // The byte order mark tells Excel that this is UTF-8; without it Chinese is lost there.
  return `\ufeff${[columns, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
}

function cell(value: string | number): string {
  const text = String(value)
  const plain = /^[=+\-@\t\r]/.test(text) && typeof value === 'string' ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

export function toMarkdown(query: string, hits: Hit[]): string {
  const parts = hits.map(({ document, chunk }) => {
    const place = chunk.page !== null ? `, p. ${chunk.pageLabel ?? chunk.page}` : ''
    const trail = chunk.headings.length > 0 ? `\n${chunk.headings.join(' > ')}\n` : ''
    const quote = chunk.text
      .split('\n')
      .map((line) => `> ${line}`)
      .join('\n')
    return `## ${document.title}${place}\n\n\`${document.path}\`\n${trail}\n${quote}\n`
  })
  return `# ${query.replace(/\s+/g, ' ').trim()}\n\n${parts.join('\n')}`
}
