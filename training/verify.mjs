// Checks what the graphs promise, with the app's own runtime: a vector or a score is the same bit for bit alone, in any batch, padded, on 1 or 2 threads.
// usage: node training/verify.mjs <models folder> <model id> [texts file: one per line]
import { readFileSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ort from 'onnxruntime-node'
import { Tokenizer } from '@huggingface/tokenizers'

const [models, id, textsFile] = process.argv.slice(2)
const json = (...path) => JSON.parse(readFileSync(join(models, ...path), 'utf8'))
const config = json(id, 'config.json')
const tokenizerId = config.manifold?.tokenizer ?? id
const tokenizer = new Tokenizer(
  json(tokenizerId, 'tokenizer.json'),
  json(tokenizerId, 'tokenizer_config.json'),
)
const externalData = Object.entries(config.manifold?.externalData ?? {}).map(([path, file]) => ({
  path,
  data: readFileSync(join(models, file)),
}))
const sessions = []
for (const threads of [1, 2])
  sessions.push(
    await ort.InferenceSession.create(join(models, id, 'onnx/model.onnx'), {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      ...(externalData.length ? { externalData } : {}),
    }),
  )
const rerank = sessions[0].inputNames.includes('token_type_ids')
const lines = (
  textsFile && existsSync(textsFile) ? readFileSync(textsFile, 'utf8') : 'hello world\n你好，世界\n'
)
  .split('\n')
  .filter(Boolean)
let seed = 7
const random = (n) => ((seed = (seed * 1103515245 + 12345) % 2147483648), seed % n)
const items = lines.map((line, i) => {
  const e = rerank
    ? tokenizer.encode(line.slice(0, 30), {
        text_pair: lines[(i * 7 + 3) % lines.length] + line.slice(10),
        return_token_type_ids: true,
      })
    : tokenizer.encode(line)
  const ids = e.ids.slice(0, 512)
  return { ids, types: rerank ? e.token_type_ids.slice(0, 512) : null }
})
async function run(session, batch, length) {
  const b = batch.length,
    size = [b, length]
  const ids = new BigInt64Array(b * length).fill(1n),
    mask = new BigInt64Array(b * length),
    types = new BigInt64Array(b * length)
  batch.forEach((item, r) =>
    item.ids.forEach((v, c) => {
      ids[r * length + c] = BigInt(v)
      mask[r * length + c] = 1n
      if (rerank) types[r * length + c] = BigInt(item.types[c])
    }),
  )
  const feeds = {
    input_ids: new ort.Tensor('int64', ids, size),
    attention_mask: new ort.Tensor('int64', mask, size),
  }
  if (rerank) feeds.token_type_ids = new ort.Tensor('int64', types, size)
  const out = Object.values(await session.run(feeds))[0]
  const width = out.data.length / b
  return batch.map((_, r) => Array.from(out.data.subarray(r * width, (r + 1) * width)))
}
const alone = []
for (const item of items) alone.push((await run(sessions[0], [item], item.ids.length))[0])
let compared = 0,
  different = 0,
  worst = 0
for (let round = 0; round < 60; round++) {
  const size = 1 + random(40),
    chosen = Array.from({ length: size }, () => random(items.length))
  const longest = Math.max(...chosen.map((i) => items[i].ids.length))
  const out = await run(
    sessions[round % 2],
    chosen.map((i) => items[i]),
    longest + random(4) * random(60),
  )
  out.forEach((v, r) => {
    compared++
    const w = alone[chosen[r]]
    const d = Math.max(...v.map((x, k) => Math.abs(x - w[k])))
    if (!(d === 0)) {
      different++
      worst = Math.max(worst, d)
    }
  })
}
const finite = alone.every((v) => v.every(Number.isFinite))
const norms = alone.map((v) => Math.hypot(...v))
console.log(
  JSON.stringify({
    id,
    texts: items.length,
    compared,
    different,
    worst,
    finite,
    width: alone[0].length,
    ...(rerank
      ? { logits: alone.slice(0, 5).map((v) => v[0]) }
      : { norm: [Math.min(...norms), Math.max(...norms)] }),
  }),
)
process.exitCode = different || !finite ? 1 : 0
