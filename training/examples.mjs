// Everyday meaning, senses, order and negation on the shipped files: cosines and reranker scores; and STS. Goals, not fixtures: nothing here was trained on.
// usage: node training/examples.mjs <models folder> <folder with stsb-en-dev.tsv and pawsx-zh-dev.tsv>
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ort from 'onnxruntime-node'
import { Tokenizer } from '@huggingface/tokenizers'

const [models, sts] = process.argv.slice(2)
const json = (...path) => JSON.parse(readFileSync(join(models, ...path), 'utf8'))
async function open(id) {
  const { manifold } = json(id, 'config.json')
  const from = manifold.tokenizer ?? id
  const externalData = Object.entries(manifold.externalData ?? {}).map(([path, file]) => ({
    path,
    data: readFileSync(join(models, file)),
  }))
  const session = await ort.InferenceSession.create(
    join(models, id, 'onnx/model.onnx'),
    externalData.length ? { externalData } : {},
  )
  return {
    session,
    tokenizer: new Tokenizer(json(from, 'tokenizer.json'), json(from, 'tokenizer_config.json')),
    calibration: manifold.calibration,
  }
}
const tensor = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
const embedding = await open('manifold-static-256')
const reranker = await open('manifold-late-interaction')
async function embed(text) {
  const ids = embedding.tokenizer.encode(text).ids
  return (await embedding.session.run({ input_ids: tensor(ids), attention_mask: tensor(ids.map(() => 1)) }))
    .sentence_embedding.data
}
async function cosine(a, b) {
  const [x, y] = [await embed(a), await embed(b)]
  return x.reduce((sum, v, i) => sum + v * y[i], 0)
}
async function probability(query, passage) {
  const { ids, token_type_ids: types } = reranker.tokenizer.encode(query, {
    text_pair: passage,
    return_token_type_ids: true,
  })
  const { logits } = await reranker.session.run({
    input_ids: tensor(ids),
    attention_mask: tensor(ids.map(() => 1)),
    token_type_ids: tensor(types),
  })
  return 1 / (1 + Math.exp(-(reranker.calibration.scale * logits.data[0] + reranker.calibration.bias)))
}
const examples = [
  ['电脑蓝屏', 'Windows 系统崩溃的解决方案', '电脑显示器的选购笔记'],
  ['电脑蓝屏', 'Windows系统崩溃解决方案', '蓝色屏保壁纸下载'],
  ['I love cats', 'I adore felines', 'I love cars'],
  ['Best movie ever!', 'I love this product!', 'Terrible waste of money'],
  ['退租押金', '租房合同的保证金返还', '如何做米饭'],
  ['退租押金', 'The deposit is returned when the lease ends', 'How to cook rice'],
  ['苹果手机怎么截屏', 'iPhone 截图方法', '苹果和梨的营养价值'],
  ['苹果一天吃几个合适', '水果每日摄入量建议', 'iPhone 新机发布会'],
  ['sat on the bank of the river', 'the shore of the stream', 'open a savings account'],
  ['the bank raised its interest rates', 'a lender charges more for loans', 'the river overflowed its shore'],
  ['the dog bit the man', 'a man was bitten by a dog', 'the man bit the dog'],
  ['这件商品不能退货', '不支持退换', '这件商品能退货'],
  ['how to stop the car', 'braking a vehicle', 'how to start the car'],
  [
    '新款宝马X1的隔音效果怎么样，尤其是在高速行驶时？',
    '试驾到时速120公里，车门缝隙有明显的风噪，轮胎滚动声也传进车厢，和前排说话要提高嗓门。',
    '新款宝马X1的隔音效果怎么样，尤其是在高速行驶时？很多网友都在问这个问题。',
  ],
]
for (const [anchor, near, far] of examples) {
  const [a, b] = [await cosine(anchor, near), await cosine(anchor, far)]
  const [p, q] = [await probability(anchor, near), await probability(anchor, far)]
  console.log(
    `| ${anchor} | ${near} | ${far} | ${a.toFixed(2)} : ${b.toFixed(2)} ${a > b ? 'yes' : 'no'} | ${p.toFixed(2)} : ${q.toFixed(2)} ${p > q ? 'yes' : 'no'} |`,
  )
}
const rows = (name) =>
  readFileSync(join(sts, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((r) => r.length === 3 && !Number.isNaN(Number(r[2])))
const ranks = (values) => {
  const order = values.map((v, i) => [v, i]).sort((a, b) => a[0] - b[0])
  const out = []
  for (let i = 0; i < order.length;) {
    let j = i
    while (j < order.length && order[j][0] === order[i][0]) j++
    for (let k = i; k < j; k++) out[order[k][1]] = (i + j - 1) / 2
    i = j
  }
  return out
}
const pearson = (x, y) => {
  const mean = (v) => v.reduce((a, b) => a + b) / v.length
  const [mx, my] = [mean(x), mean(y)]
  const dot = (a, ma, b, mb) => a.reduce((sum, v, i) => sum + (v - ma) * (b[i] - mb), 0)
  return dot(x, mx, y, my) / Math.sqrt(dot(x, mx, x, mx) * dot(y, my, y, my))
}
for (const name of ['stsb-en-dev.tsv', 'pawsx-zh-dev.tsv']) {
  const cosines = [],
    scores = [],
    gold = []
  for (const [a, b, value] of rows(name))
    (cosines.push(await cosine(a, b)), scores.push(await probability(a, b)), gold.push(Number(value)))
  console.log(
    name,
    'Spearman: embedding',
    pearson(ranks(cosines), ranks(gold)).toFixed(3),
    'reranker',
    pearson(ranks(scores), ranks(gold)).toFixed(3),
  )
}
