/** Output: one JSON value on stdout with --json, else lines for people; progress and errors on stderr. */
import type { Hit } from '../shared/search.ts'
import type { Status } from '../shared/status.ts'

export const printJson = (value: unknown): void =>
  void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)

export const line = (text = ''): void => void process.stdout.write(`${text}\n`)

/** A line on stderr that replaces itself where there is a terminal. */
export function createProgressLine(): { show(text: string): void; end(): void } {
  const terminal = process.stderr.isTTY
  let last = ''
  return {
    show(text) {
      if (text === last) return
      last = text
      process.stderr.write(terminal ? `\r\u001b[2K${text}` : `${text}\n`)
    },
    end() {
      if (last && terminal) process.stderr.write('\n')
      last = ''
    },
  }
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60}`
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = count
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

export function progressText({ ingest, reindex }: Status): string {
  if (reindex) {
    const left = reindex.secondsLeft === null ? '' : `, ${duration(reindex.secondsLeft)} left`
    return `building with ${reindex.embeddingModel}: ${reindex.documentsDone} of ${reindex.documentsTotal} texts, ${reindex.chunksDone} chunks${left}`
  }
  if (!ingest) return ''
  const rate = ingest.filesPerSecond === null ? '' : `, ${ingest.filesPerSecond.toFixed(1)} a second`
  const left = ingest.secondsLeft === null ? '' : `, ${duration(ingest.secondsLeft)} left`
  return `${ingest.done} of ${ingest.total} files read${rate}${left}`
}

const bold = (text: string): string => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[22m` : text)

export function hitLines(hit: Hit): string[] {
  const page = hit.chunk.page === null ? '' : `  p. ${hit.chunk.pageLabel ?? hit.chunk.page}`
  const score = hit.score === null ? '' : `  ${Math.round(hit.score * 100)}${hit.word ? ` ${hit.word}` : ''}`
  const trail = hit.chunk.headings.length > 0 ? [`   ${hit.chunk.headings.join(' > ')}`] : []
  return [
    `${String(hit.rank).padStart(2)} ${bold(hit.document.title)}${page}${score}`,
    `   ${hit.document.path}`,
    ...trail,
    `   ${hit.snippet.text.replace(/\s+/g, ' ')}`,
    `   ${why(hit)}`,
    '',
  ]
}

/** The score of every stage, as one line [SE4]. */
function why({ scores }: Hit): string {
  const parts = []
  if (scores.keyword) parts.push(`words #${scores.keyword.rank} (${scores.keyword.score.toFixed(2)})`)
  if (scores.semantic) {
    parts.push(
      `meaning #${scores.semantic.rank} (closer than ${(scores.semantic.percentile * 100).toFixed(1)} %, cosine ${scores.semantic.cosine.toFixed(3)})`,
    )
  }
  parts.push(`fused ${scores.fused.toFixed(4)}`)
  if (scores.rerank) parts.push(`reranked #${scores.rerank.rank} (${scores.rerank.score.toFixed(3)})`)
  return parts.join(', ')
}
