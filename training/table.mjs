// The table of the model cards: `manifold evaluate` on every set, as Markdown rows; then, where there are several, the macro mean of Cranfield and the hard- sets.
// Intervals are 95 %, paired bootstrap; that of the macro mean draws each set's queries anew.
// usage: node training/table.mjs <library folder> <queries a set> <distractors or -> <set folder>...
import { execFileSync } from 'node:child_process'
import { basename } from 'node:path'
import { bootstrap } from '../src/core/evaluate/metrics.ts'

const [library, queries, distractors, ...sets] = process.argv.slice(2)
const figure = (value) => value.toFixed(3)
console.log(
  '| set | queries | keyword | semantic | hybrid | hybrid + rerank | rerank - keyword | semantic recall@100 | MRR@10 | calibration error |',
)
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |')
const hard = []
for (const set of sets) {
  const args = [
    'bin/manifold.js',
    '--library',
    library,
    'evaluate',
    set,
    '--max-queries',
    queries,
    '--json',
    ...(distractors === '-' ? [] : ['--distractors', distractors]),
  ]
  const {
    queries: asked,
    results: r,
    differences: d,
    calibration,
    each,
  } = JSON.parse(
    execFileSync(process.execPath, args, {
      encoding: 'utf8',
      maxBuffer: 1e8,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  )
  const change = d['hybrid - keyword'].mean + d['reranked - hybrid'].mean
  console.log(
    `| ${basename(set)} | ${asked} | ${figure(r.keyword.ndcg10)} | ${figure(r.semantic.ndcg10)} | ${figure(r.hybrid.ndcg10)} | ${figure(r.reranked.ndcg10)} ` +
      `(${d['reranked - hybrid'].low.toFixed(3)} to ${d['reranked - hybrid'].high.toFixed(3)} over hybrid) | ${change >= 0 ? '+' : ''}${change.toFixed(3)} | ${figure(r.semantic.recall100)} | ${figure(r.reranked.mrr10)} | ${figure(calibration?.expectedError ?? NaN)} |`,
  )
  if (/^(cranfield|hard)-/.test(basename(set))) hard.push(each)
}
if (hard.length > 1) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const macro = (stage, rows) => mean(hard.map((each, i) => mean(rows[i].map((row) => each[stage][row]))))
  const gain = (rows) => 100 * (macro('reranked', rows) / macro('keyword', rows) - 1)
  const all = hard.map((each) => each.keyword.map((_, row) => row))
  const { low, high } = bootstrap((row) => gain(all.map((rows) => rows.map(() => row(rows.length)))), 2000)
  console.log(
    `\nMacro of ${hard.length} hard slices: keyword ${figure(macro('keyword', all))}, hybrid ${figure(macro('hybrid', all))}, hybrid + rerank ${figure(macro('reranked', all))}: ` +
      `${gain(all).toFixed(1)} % above keyword (${low.toFixed(1)} to ${high.toFixed(1)})`,
  )
}
