// The table of the model cards: `manifold evaluate` on every set, as Markdown rows. Intervals are 95 %, paired bootstrap.
// usage: node training/table.mjs <library folder> <queries a set> <distractors or -> <set folder>...
import { execFileSync } from 'node:child_process'
import { basename } from 'node:path'

const [library, queries, distractors, ...sets] = process.argv.slice(2)
const figure = (value) => value.toFixed(3)
console.log(
  '| set | queries | keyword | semantic | hybrid | hybrid + rerank | rerank - keyword | semantic recall@100 | MRR@10 | calibration error |',
)
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |')
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
}
