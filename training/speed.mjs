// Speed of the built-in models beside a MiniLM-L6-sized graph in the same process (python3 minilm.py makes it). usage: node training/speed.mjs <models folder> <minilm.onnx>
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ort from 'onnxruntime-node'

const [models, yardstick] = process.argv.slice(2)
const options = { intraOpNumThreads: 2, interOpNumThreads: 1 }
async function open(id) {
  const config = JSON.parse(readFileSync(join(models, id, 'config.json'), 'utf8'))
  const externalData = Object.entries(config.manifold.externalData ?? {}).map(([path, file]) => ({
    path,
    data: readFileSync(join(models, file)),
  }))
  return ort.InferenceSession.create(
    join(models, id, 'onnx/model.onnx'),
    externalData.length ? { ...options, externalData } : options,
  )
}
const tensor = (fill, b, t) =>
  new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: b * t }, (_, i) => BigInt(fill(Math.floor(i / t), i % t))),
    [b, t],
  )
let seed = 5
const piece = () => ((seed = (seed * 1103515245 + 12345) % 2147483648), 3 + (seed % 30000))
async function best(session, feeds, rounds) {
  const names = Object.fromEntries(session.inputNames.map((name) => [name, feeds[name]]))
  let least = Infinity
  for (let i = 0; i < rounds; i++) {
    const began = performance.now()
    await session.run(names)
    least = Math.min(least, performance.now() - began)
  }
  return least
}
const [b, t, asked] = [50, 200, 20]
const question = Array.from({ length: asked }, piece)
const pair = {
  input_ids: tensor(
    (_, c) => (c < asked ? question[c] : c === asked || c === t + asked + 1 ? 2 : piece()),
    b,
    t + asked + 2,
  ),
  token_type_ids: tensor((_, c) => (c > asked ? 1 : 0), b, t + asked + 2),
  attention_mask: tensor(() => 1, b, t + asked + 2),
}
const text = { input_ids: tensor(piece, b, t), attention_mask: tensor(() => 1, b, t) }
const reference = await ort.InferenceSession.create(yardstick, options)
const base = await best(reference, text, 5)
const report = {
  'MiniLM-L6-sized, 50 x 200': { ms: base, tokensPerSecond: ((b * t) / base) * 1000, ratio: 1 },
}
for (const id of [
  'manifold-static-256',
  'manifold-static-128',
  'manifold-context-384',
  'manifold-late-interaction',
]) {
  const session = await open(id).catch(() => null)
  if (!session) continue
  const ms = await best(session, session.inputNames.includes('token_type_ids') ? pair : text, 20)
  report[`${id}, 50 x 200`] = { ms, tokensPerSecond: ((b * t) / ms) * 1000, ratio: base / ms }
}
console.table(report)
