import { readFileSync } from 'node:fs'
import ort from 'onnxruntime-node'
const [folder, base, file] = process.argv.slice(2)
const s = await ort.InferenceSession.create(`${folder}/onnx/model.onnx`, {
  externalData: [
    { path: 'pieces.bin', data: readFileSync(`${base}/onnx/pieces.bin`) },
    { path: 'reranker.bin', data: readFileSync(`${folder}/onnx/reranker.bin`) },
  ],
})
let worst = 0
for (const { ids, types, logit } of JSON.parse(readFileSync(file))) {
  const t = (v) => new ort.Tensor('int64', BigInt64Array.from(v.map(BigInt)), [1, v.length])
  const out = (
    await s.run({ input_ids: t(ids), token_type_ids: t(types), attention_mask: t(ids.map(() => 1)) })
  ).logits.data[0]
  worst = Math.max(worst, Math.abs(out - logit))
}
console.log('worst difference to torch', worst)
