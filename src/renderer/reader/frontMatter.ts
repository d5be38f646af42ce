/** YAML front matter is not text to read. Its lines are kept empty, so that line numbers stay those of the file. */
export function blankFrontMatter(source: string): string {
  const match = /^\ufeff?---[ \t]*\r?\n[\s\S]*?\r?\n(?:---|\.\.\.)[ \t]*(?=\r?\n|$)/.exec(source)
  return match ? match[0].replace(/[^\r\n]/g, '') + source.slice(match[0].length) : source
}
