/**
 * `npm run bench [name...]`: the benchmarks one after the other, each in a process of its own. They print ratios to
 * references measured in the same run; absolute times say more about the machine. Without names, those that need
 * nothing but this checkout; the others take a file or folder of texts: `npm run bench query texts.jsonl.gz`.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const benches: Record<string, { file: string; options?: string[]; needsData?: boolean }> = {
  indexing: { file: 'indexing.ts' },
  'indexing-encoder': { file: 'indexing.ts', options: ['--encoder'] },
  embedding: { file: 'embedding.ts' },
  reindex: { file: 'reindex.ts' },
  'reindex-encoder': { file: 'reindex.ts', options: ['--encoder', '--notes', '400'] },
  scan: { file: 'scan.ts' },
  reproducibility: { file: 'reproducibility.ts' },
  'first-paint': { file: 'first-paint.ts' },
  query: { file: 'query.ts', needsData: true },
  keywords: { file: 'keywords.ts', needsData: true },
  fusion: { file: 'fusion.ts', needsData: true },
  chunking: { file: 'chunking.ts', needsData: true },
}

const isPath = (word: string) => /[./]/.test(word)
const named = process.argv.slice(2).filter((word) => !isPath(word))
const paths = process.argv.slice(2).filter(isPath)
const unknown = named.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(`No bench named ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`)
  process.exit(2)
}
const chosen = named.length > 0 ? named : Object.keys(benches).filter((name) => !benches[name]!.needsData)
for (const name of chosen) {
  const { file, options = [] } = benches[name]!
  console.log(`\n== ${name}`)
  const { status } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, file), ...options, ...(benches[name]!.needsData ? paths : [])],
    {
      stdio: 'inherit',
    },
  )
  if (status !== 0) process.exitCode = 1
}
