/**
 * The figures of docs/reproducibility.md: what changes a vector and what does not, for the models that come with the app,
 * for an encoder of MiniLM-L6's size (random weights), and for tiny graphs of the other kinds.
 *
 *   node bench/reproducibility.ts
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbedder, testEmbedder, type ModelEmbedder } from '../src/core/embed/embedder.ts'
import { cosineOfBits, sameBits } from '../src/core/models/batching.ts'
import { graphSpecOf, startInference, type Inference } from '../src/core/models/inference.ts'
import { loadModel, loadTokenizer, type Model, type ModelOverrides } from '../src/core/models/load.ts'
import { sensePairs } from '../src/core/models/sense-pairs.ts'
import { readDenseLayers } from '../src/core/models/vector-parts.ts'
import { createNodeHost } from '../src/core/node-host.ts'
import { writeEncoder } from './embedding-graph.ts'

const host = createNodeHost()
const builtInDir = host.resources.models
const tinyDir = join(import.meta.dirname, '../test/fixtures/models')
const texts = [
  ...Array.from({ length: 30 }, (_, i) => 'the cat sat on a mat '.repeat(i).slice(0, i * i + i)),
  ...Array.from({ length: 20 }, (_, i) =>
    '知识库把文档切成小段，你好世界。'.repeat(i + 1).slice(0, i * 9 + 1),
  ),
  ...sensePairs.flatMap(({ query, related, unrelated }) => [query, related, unrelated]),
]

const print = (...columns: (string | number)[]): void =>
  console.log(columns.map((column, i) => String(column).padEnd(i === 0 ? 52 : 24)).join(''))
const equalOf = (a: readonly Float32Array[], b: readonly Float32Array[]): string =>
  `${a.filter((vector, i) => sameBits(vector, b[i]!)).length} of ${a.length}`
const worst = (a: readonly Float32Array[], b: readonly Float32Array[]): string =>
  Math.min(...a.map((vector, i) => cosineOfBits(vector, b[i]!))).toFixed(8)
const mean = (of: readonly number[]): string => (of.reduce((sum, one) => sum + one, 0) / of.length).toFixed(3)

if (process.argv[2] === '--child') {
  // Another process: what it computes is written out bit by bit.
  const inference = startInference(host, { threads: 2 })
  const model = await loadModel(process.argv[3]!, { builtInDir: process.argv[4]! })
  const embedder = await createEmbedder({ inference, model })
  const vectors = await embedder.embedDocuments(texts)
  process.stdout.write(Buffer.concat(vectors.map((vector) => Buffer.from(vector.buffer))).toString('base64'))
  await inference.close()
  process.exit(0)
}
if (process.argv[2] === '--plain') {
  // The same graph without ONNX Runtime's optimisations: what another version of it might compute.
  const ort = await import('onnxruntime-node')
  const run = async (level: 'all' | 'disabled'): Promise<Float32Array[]> => {
    const session = await ort.InferenceSession.create(process.argv[3]!, { graphOptimizationLevel: level })
    const vectors: Float32Array[] = []
    for (let length = 1; length < 60; length += 3) {
      const ids = BigInt64Array.from({ length }, (_, i) => BigInt(5 + ((i * 37) % 90)))
      const ones = new BigInt64Array(length).fill(1n)
      const feeds = Object.fromEntries(
        session.inputNames.map((name) => [
          name,
          new ort.Tensor(
            'int64',
            name === 'attention_mask' ? ones : name === 'input_ids' ? ids : ones.map(() => 0n),
            [1, length],
          ),
        ]),
      )
      const data = (await session.run(feeds))[session.outputNames[0]!]!.data as Float32Array
      const last = data.slice(
        -(
          data.length /
          (session.outputMetadata[0]!.isTensor && session.outputMetadata[0]!.shape.length === 3 ? length : 1)
        ),
      )
      const norm = Math.hypot(...last)
      vectors.push(last.map((value) => value / norm))
    }
    return vectors
  }
  const [all, plain] = [await run('all'), await run('disabled')]
  console.log(`${equalOf(all, plain)} equal, worst cosine ${worst(all, plain)}`)
  process.exit(0)
}

const temporary = mkdtempSync(join(tmpdir(), 'manifold-bench-'))
const encoderDir = join(temporary, 'encoder')
writeEncoder(encoderDir, 48_000)
for (const file of ['tokenizer.json', 'tokenizer_config.json'])
  copyFileSync(join(builtInDir, 'manifold-static-256', file), join(encoderDir, file))

const inferences: Inference[] = []
const inferenceOf = (threads: number): Inference => {
  const inference = startInference(host, { threads })
  inferences.push(inference)
  return inference
}
const one = inferenceOf(1)
const load = (folder: string, dir: string, overrides: ModelOverrides = {}) =>
  loadModel(folder, { builtInDir: dir, overrides })
const alone = async (embedder: ModelEmbedder): Promise<Float32Array[]> => {
  const vectors: Float32Array[] = []
  for (const text of texts) vectors.push(...(await embedder.embedDocuments([text])))
  return vectors
}

/** Rows padded beside others though the self-test may have said not to: what a program that always batches would get. */
async function paddedAnyway(model: Model): Promise<Float32Array[]> {
  const tokenizer = await loadTokenizer(model)
  const open = await one.open({
    key: `anyway ${model.folder}`,
    graph: graphSpecOf(model, tokenizer, { threads: 1, device: 'cpu' }),
    vector: { pooling: model.pooling, dense: await readDenseLayers(model), truncateTo: model.truncateTo },
    score: null,
  })
  const rows = texts.map((text) => tokenizer.encode(model.prompts.document + text, model.maxTokens).ids)
  const vectors: Float32Array[] = []
  for (let from = 0; from < rows.length; from += 16) {
    const batch = rows.slice(from, from + 16)
    const length = Math.max(...batch.map((row) => row.length))
    const ids = Int32Array.from(batch.flatMap((row) => [...row]))
    const lengths = Int32Array.from(batch, (row) => row.length)
    const all = await open.embed({ ids, lengths, types: null, task: null, skip: 0, length, urgent: false })
    const width = all.length / batch.length
    batch.forEach((_, i) => vectors.push(all.slice(i * width, (i + 1) * width)))
  }
  await open.close()
  return vectors
}

console.log(
  `\n${texts.length} texts of 0 to 600 characters, each compared with its vector made alone on one thread`,
)
print(
  'model',
  'batching chosen',
  'batched by the app',
  'threads 2, 4',
  'another process',
  'as a query',
  'padded anyway',
  'worst cosine',
)
for (const [folder, dir] of [
  ['manifold-static-128', builtInDir],
  ['manifold-static-256', builtInDir],
  ['manifold-context-384', builtInDir],
  [encoderDir, temporary],
  ['tiny-mean', tinyDir],
  ['tiny-decoder', tinyDir],
  ['tiny-decoder-half', tinyDir],
  ['tiny-int8', tinyDir],
] as const) {
  const path = folder === encoderDir ? folder : join(dir, folder)
  const model = await load(path, dir)
  const embedder = await createEmbedder({ inference: one, model })
  const expected = await alone(embedder)
  const batched = await embedder.embedDocuments(texts)
  const threads: string[] = []
  for (const count of [2, 4]) {
    const other = await createEmbedder({ inference: inferenceOf(count), model })
    threads.push(equalOf(await other.embedDocuments(texts), expected))
  }
  const { stdout } = spawnSync(process.execPath, [import.meta.filename, '--child', path, dir], {
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  })
  const bytes = Buffer.from(stdout, 'base64')
  const elsewhere = expected.map(
    ({ length }, i) =>
      new Float32Array(
        bytes.buffer.slice(bytes.byteOffset + i * length * 4, bytes.byteOffset + (i + 1) * length * 4),
      ),
  )
  const sameSides = model.prompts.query === model.prompts.document
  const asQuery = sameSides
    ? equalOf(await Promise.all(texts.map((text) => embedder.embedQuery(text))), expected)
    : '(other prompt)'
  const padded = await paddedAnyway(model)
  print(
    folder === encoderDir ? 'encoder of MiniLM-L6 size' : folder,
    embedder.selfTest.batching,
    equalOf(batched, expected),
    threads.join(', '),
    equalOf(elsewhere, expected),
    asQuery,
    equalOf(padded, expected),
    worst(padded, expected),
  )
  await embedder.close()
}

console.log('\nthe same graph, ONNX Runtime with and without its optimisations')
for (const [name, graph] of [
  ['encoder of MiniLM-L6 size', join(encoderDir, 'onnx/model.onnx')],
  ['tiny-int8', join(tinyDir, 'tiny-int8/onnx/model_quantized.onnx')],
] as const)
  print(
    name,
    spawnSync(process.execPath, [import.meta.filename, '--plain', graph], { encoding: 'utf8' }).stdout.trim(),
  )

const shipped = await createEmbedder({
  inference: one,
  model: await load(join(builtInDir, 'manifold-static-256'), builtInDir),
})
const half = await Promise.all(
  ['tiny-decoder', 'tiny-decoder-half'].map(async (id) =>
    alone(await createEmbedder({ inference: one, model: await load(join(tinyDir, id), tinyDir) })),
  ),
)
console.log('\nother causes')
const hundred = await Promise.all(Array.from({ length: 100 }, () => shipped.embedDocuments([texts[60]!])))
print(
  'the same text a hundred times',
  equalOf(
    hundred.map(([vector]) => vector!),
    Array.from({ length: 100 }, () => hundred[0]![0]!),
  ),
)
const vectors = await shipped.embedDocuments(texts)
print(
  'largest error of the length 1',
  Math.max(...vectors.map((vector) => Math.abs(Math.hypot(...vector) - 1))).toExponential(1),
)
print('half precision against float32 (tiny-decoder)', `worst cosine ${worst(half[0]!, half[1]!)}`)
const long = '知识库把文档切成小段。'.repeat(400)
const [whole, ended] = await shipped.embedDocuments([long, `${long} An ending about cooking rice.`])
print(
  'text over the limit, with and without an ending',
  `cosine ${cosineOfBits(whole!, ended!)}: the ending is not read`,
)
const prompted = await createEmbedder({
  inference: one,
  model: await load(join(builtInDir, 'manifold-static-256'), builtInDir, {
    prompts: { query: '', document: 'passage: ' },
  }),
})
print(
  'with another prompt before it (static-256)',
  `worst cosine ${worst(await prompted.embedDocuments(texts.slice(60)), vectors.slice(60))}`,
)

console.log('\ncosine of related and unrelated texts, by language (mean of 12)')
for (const id of ['manifold-static-256', 'manifold-context-384']) {
  const embedder = await createEmbedder({
    inference: one,
    model: await load(join(builtInDir, id), builtInDir),
  })
  for (const language of ['zh', 'en', 'cross'] as const) {
    const pairs = sensePairs.filter((pair) => pair.language === language)
    const [queries, related, unrelated] = [
      await Promise.all(pairs.map(({ query }) => embedder.embedQuery(query))),
      await embedder.embedDocuments(pairs.map((pair) => pair.related)),
      await embedder.embedDocuments(pairs.map((pair) => pair.unrelated)),
    ]
    const to = (others: Float32Array[]) => mean(queries.map((query, i) => cosineOfBits(query, others[i]!)))
    print(`${id} ${language}`, `related ${to(related)}`, `unrelated ${to(unrelated)}`)
  }
}

console.log('\nsense: pairs that hold, of 36')
const instruct =
  'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: '
const spoilt: [string, string, ModelOverrides][] = [
  ['manifold-static-128', join(builtInDir, 'manifold-static-128'), {}],
  ['manifold-static-256', join(builtInDir, 'manifold-static-256'), {}],
  ['manifold-context-384', join(builtInDir, 'manifold-context-384'), {}],
  [
    'static-256, E5 prompts',
    join(builtInDir, 'manifold-static-256'),
    { prompts: { query: 'query: ', document: 'passage: ' } },
  ],
  [
    'static-256, an instruction before queries',
    join(builtInDir, 'manifold-static-256'),
    { prompts: { query: instruct, document: '' } },
  ],
  ['static-256, 16 of its 256 numbers', join(builtInDir, 'manifold-static-256'), { truncateTo: 16 }],
  ...(['mean', 'max', 'weighted-mean', 'cls', 'last-token'] as const).map(
    (mode): [string, string, ModelOverrides] => [
      `token vectors of static-256, pooling ${mode}`,
      join(tinyDir, 'token-vectors'),
      { pooling: [mode] },
    ],
  ),
  ['random weights (tiny-mean)', join(tinyDir, 'tiny-mean'), { languages: ['zh', 'en'] }],
]
for (const [name, folder, overrides] of spoilt) {
  const dir = name.startsWith('random') ? tinyDir : builtInDir
  const { checks } = await testEmbedder({ inference: one, model: await load(folder, dir, overrides) })
  const last = checks.at(-1)!
  print(name, last.figure ?? last.name, last.ok ? 'passes' : 'refused', last.detail.replace(/^.*: /, ''))
}
for (const inference of inferences) await inference.close()
rmSync(temporary, { recursive: true, force: true })
