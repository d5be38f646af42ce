import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Embedder } from '../../../src/core/embed/types.ts'
import { evaluateFolder } from '../../../src/core/evaluate/evaluate.ts'
import { calibrationOf, ndcg, pairedBootstrap, queryMetrics } from '../../../src/core/evaluate/metrics.ts'
import { dimensions, hashVector, space } from '../search/library.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifold-beir-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const embedder: Embedder = {
  space,
  modelId: 'hash',
  dimensions,
  maxTokens: 512,
  provider: 'cpu',
  countTokens: (input) => Math.ceil(input.length / 4),
  embedDocuments: async (inputs) => inputs.map(hashVector),
  embedQuery: async (text) => hashVector(text),
  close: async () => {},
}

describe('evaluation', () => {
  it('measures by the formulas', () => {
    const grades = new Map([
      ['a', 2],
      ['b', 1],
    ])
    // By hand: (1/log2(3) + 3/log2(4)) / (3 + 1/log2(3))
    expect(ndcg(['x', 'b', 'a'], grades, 10)).toBeCloseTo(
      (1 / Math.log2(3) + 3 / 2) / (3 + 1 / Math.log2(3)),
      12,
    )
    expect(queryMetrics(['x', 'b'], grades)).toMatchObject({ mrr10: 0.5, recall100: 0.5 })
    const { mean, low, high } = pairedBootstrap([1, 1, 0, 1], [0, 1, 0, 1])
    expect(mean).toBe(0.25)
    expect(low).toBe(0)
    expect(high).toBeGreaterThan(0.25)
    expect(
      calibrationOf([
        { said: 0.9, relevant: true },
        { said: 0.9, relevant: false },
      ]).expectedError,
    ).toBeCloseTo(0.4)
  })

  it('ranks a BEIR folder through the app’s own search, each stage', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({
      _id: `d${i}`,
      title: `Topic ${i}`,
      text: `Passage about subject${i} and 主题${i}。`,
    }))
    writeFileSync(
      join(folder, 'corpus.jsonl.gz'),
      gzipSync(rows.map((row) => JSON.stringify(row)).join('\n')),
    )
    writeFileSync(
      join(folder, 'queries.jsonl'),
      [
        '{"_id":"q1","text":"subject7"}',
        '{"_id":"q2","text":"subject9"}',
        '{"_id":"q3","text":"not judged"}',
      ].join('\n'),
    )
    writeFileSync(join(folder, 'qrels.tsv'), 'query-id\tcorpus-id\tscore\nq1\td7\t1\nq2\td9\t1\n')
    writeFileSync(
      join(folder, 'more.jsonl'),
      '{"text":"subject7 is not meant here"}\n{"a":"x","b":"a pair"}\n',
    )
    const report = await evaluateFolder({
      folder,
      distractors: join(folder, 'more.jsonl'),
      embedder,
      reranker: {
        calibration: { scale: 1, bias: 0 },
        score: async (_query, passages) => new Float32Array(passages.length),
      },
    })
    expect(report).toMatchObject({ queries: 2, corpus: 42, distractors: 2 })
    for (const stage of ['keyword', 'semantic', 'hybrid', 'reranked'] as const) {
      expect(report.results[stage]!.ndcg10).toBeGreaterThan(0.5)
      expect(report.results[stage]!.recall100).toBe(1)
      expect(report.each[stage]).toHaveLength(2)
      expect((report.each[stage][0]! + report.each[stage][1]!) / 2).toBeCloseTo(report.results[stage]!.ndcg10)
    }
  })

  it('says what is wrong with a folder', async () => {
    await expect(evaluateFolder({ folder, embedder, reranker: null })).rejects.toMatchObject({
      code: 'not-found',
    })
    writeFileSync(join(folder, 'corpus.jsonl'), '{"_id":1}')
    await expect(evaluateFolder({ folder, embedder, reranker: null })).rejects.toMatchObject({
      code: 'bad-request',
    })
  })
})
