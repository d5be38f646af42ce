import { afterAll, describe, expect, test } from 'vitest'
import { loadTokenizer } from '../../../src/core/models/load.ts'
import { pairsOf } from '../../../src/core/rerank/pairs.ts'
import { createReranker } from '../../../src/core/rerank/reranker.ts'
import { inferenceThread, readJson, tiny, tinyModels } from '../../support/tiny-models.ts'

const inference = inferenceThread()
afterAll(() => inference.close())

interface Expected {
  query: string
  passages: string[]
  ids: number[][]
  logits: number[]
}
const expectedOf = (id: string) => readJson<Expected>(tinyModels, id, 'expected.json')
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

describe.each(['tiny-yes-no', 'tiny-yes-no-kept'])('a language model that answers yes or no: %s', (id) => {
  const expected = expectedOf(id)

  test('is asked in its template, the passage cut where the pair is too long', async () => {
    const model = await tiny(id)
    expect(model).toMatchObject({ task: 'reranker', type: 'generative reranker' })
    const { encode } = pairsOf(model, await loadTokenizer(model))
    expected.passages.forEach((passage, i) =>
      expect([...encode(expected.query, passage).ids]).toEqual(expected.ids[i]),
    )
  })

  test('gives the logits PyTorch computes, whose sigmoid is softmax(yes, no)', async () => {
    const reranker = await createReranker({ inference, model: await tiny(id) })
    const logits = await reranker.score(expected.query, expected.passages)
    expected.logits.forEach((logit, i) => expect(logits[i]).toBeCloseTo(logit, 4))
    const { yes } = readJson<{ yes: number[] }>(tinyModels, id, 'expected.json')
    yes.forEach((share, i) => expect(sigmoid(logits[i]!)).toBeCloseTo(share, 5))
    // One by one, because each answer holds the whole vocabulary.
    expect(reranker.selfTest.batching).toBe('alone')
    for (const [i, passage] of expected.passages.entries())
      expect((await reranker.score(expected.query, [passage]))[0]).toBe(logits[i])
  })

  test('keeps half the room for the passage when the query is very long', async () => {
    const model = await tiny(id)
    const { encode } = pairsOf(model, await loadTokenizer(model))
    const { ids } = encode('dog '.repeat(100), 'cat '.repeat(100))
    expect(ids.length).toBe(model.maxTokens)
    const [cats, dogs] = [7, 8].map((word) => ids.filter((token) => token === word).length)
    expect(cats).toBeGreaterThanOrEqual(8)
    expect(dogs).toBeGreaterThanOrEqual(8)
    // A "$&" in a query is text, not a pattern.
    expect(encode('$&', 'cat').ids).not.toEqual(encode('', 'cat').ids)
  })
})

test('a classifier of two labels is refused until somebody says which means "relevant"', async () => {
  await expect(createReranker({ inference, model: await tiny('tiny-two-labels') })).rejects.toMatchObject({
    code: 'model-invalid',
    data: { problem: 'scoring-unknown', found: 2 },
  })
  const expected = expectedOf('tiny-two-labels')
  const model = await tiny('tiny-two-labels', { scoring: { kind: 'label', positive: 1 } })
  const logits = await (await createReranker({ inference, model })).score(expected.query, expected.passages)
  expected.logits.forEach((logit, i) => expect(logits[i]).toBeCloseTo(logit, 5))
  const other = await tiny('tiny-two-labels', { scoring: { kind: 'label', positive: 0 } })
  const turned = await (
    await createReranker({ inference, model: other })
  ).score(expected.query, expected.passages)
  expected.logits.forEach((logit, i) => expect(turned[i]).toBeCloseTo(-logit, 5))
})

describe('what cannot be asked for a score is refused', () => {
  const refused = async (work: Promise<unknown>, problem: string): Promise<void> =>
    expect(work).rejects.toMatchObject({ code: 'model-invalid', data: { problem } })

  test('a language model without a template', async () => {
    const model = { ...(await tiny('tiny-yes-no')), scoring: null }
    await refused(createReranker({ inference, model }), 'scoring-unknown')
  })
  test('a word to answer with that is several tokens', async () => {
    const model = await tiny('tiny-yes-no')
    if (model.scoring?.kind !== 'yes-no') throw new Error('no template')
    const scoring = { ...model.scoring, yes: 'hello world' }
    await refused(createReranker({ inference, model: { ...model, scoring } }), 'scoring-unknown')
  })
  test('a word that the graph has no logit for', async () => {
    const model = await tiny('tiny-yes-no')
    if (model.scoring?.kind !== 'yes-no') throw new Error('no template')
    const scoring = { ...model.scoring, no: 4000 }
    await refused(createReranker({ inference, model: { ...model, scoring } }), 'outputs')
  })
  test('a template that leaves no room', async () => {
    const model = { ...(await tiny('tiny-yes-no')), maxTokens: 20 }
    await refused(createReranker({ inference, model }), 'max-tokens')
  })
  test('a label that is none', async () => {
    const model = await tiny('tiny-two-labels', { scoring: { kind: 'label', positive: 2 } })
    await refused(createReranker({ inference, model }), 'outputs')
  })
})
