// Compares tokenizer.json in @huggingface/tokenizers with the ids SentencePiece gave. usage: node training/parity.mjs <model folder> [tokens.jsonl.gz]
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Tokenizer } from '@huggingface/tokenizers'

const [folder, fixture = new URL('tokens.jsonl.gz', import.meta.url)] = process.argv.slice(2)
const json = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'))
const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'))
const rows = gunzipSync(readFileSync(fixture))
  .toString('utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
let different = 0,
  pieces = 0
const began = performance.now()
for (const { text, ids } of rows) {
  const found = tokenizer.encode(text, { add_special_tokens: false }).ids
  pieces += ids.length
  if (JSON.stringify(found) !== JSON.stringify(ids) && different++ < 10)
    console.log(
      JSON.stringify(text.slice(0, 80)),
      'expected',
      ids.slice(0, 30).join(' '),
      'found',
      found.slice(0, 30).join(' '),
    )
}
console.log(
  JSON.stringify({
    lines: rows.length,
    pieces,
    different,
    piecesPerSecond: Math.round((pieces / (performance.now() - began)) * 1000),
  }),
)
process.exitCode = different ? 1 : 0
