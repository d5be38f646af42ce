import { afterAll, expect, test } from 'vitest'
import { createEmbedder } from '../../../src/core/embed/embedder.ts'
import type { Inference } from '../../../src/core/models/inference.ts'
import { createStandby } from '../../../src/core/models/standby.ts'
import { createReranker } from '../../../src/core/rerank/reranker.ts'
import { AppError } from '../../../src/shared/errors.ts'
import { inferenceThread, tiny } from '../../support/tiny-models.ts'

const inference = inferenceThread()
afterAll(() => inference.close())

const lost = () => new AppError('model-invalid', 'device lost', { data: { problem: 'run' } })

test('[MO5] a device that fails at work gives way to the CPU, once for all who wait', async () => {
  let opened = 0
  let closed = 0
  const standby = createStandby({ name: 'device', close: async () => void closed++ }, async () => {
    opened++
    return { name: 'cpu', close: async () => {} }
  })
  const work = async (one: { name: string }) => {
    await new Promise((resolve) => setImmediate(resolve))
    if (one.name === 'device') throw lost()
    return one.name
  }
  expect(await Promise.all([standby.run(work), standby.run(work)])).toEqual(['cpu', 'cpu'])
  expect(await standby.run(work)).toBe('cpu')
  expect([opened, closed, standby.now.name]).toEqual([1, 1, 'cpu'])
})

test('what is no fault of the device is passed on', async () => {
  const standby = createStandby({ close: async () => {} }, () => Promise.reject(new Error('not asked for')))
  const stopped = new AppError('cancelled', 'stopped')
  await expect(standby.run(() => Promise.reject(stopped))).rejects.toBe(stopped)
  const vocabulary = new AppError('model-invalid', 'no such token', { data: { problem: 'vocabulary' } })
  await expect(standby.run(() => Promise.reject(vocabulary))).rejects.toBe(vocabulary)
})

test('a fault of the CPU is not tried again', async () => {
  let runs = 0
  const standby = createStandby({ name: 'device', close: async () => {} }, async () => ({
    name: 'cpu',
    close: async () => {},
  }))
  await expect(
    standby.run(() => {
      runs++
      return Promise.reject(lost())
    }),
  ).rejects.toMatchObject({ message: 'device lost' })
  expect(runs).toBe(2)
  await expect(standby.run(() => Promise.reject(lost()))).rejects.toMatchObject({ code: 'model-invalid' })
})

test('[MO5] an embedder whose device is lost goes on with the CPU’s vectors and says so', async () => {
  const model = await tiny('tiny-mean')
  const texts = ['cat', 'the dog sat on the mat', '知识库']
  const onCpu = await createEmbedder({ inference, model })
  const expected = await onCpu.embedDocuments(texts)
  let isLost = false
  const losing: Inference = {
    ...inference,
    async open(spec) {
      if (spec.graph.device === 'cpu') return inference.open(spec)
      const open = await inference.open({ ...spec, graph: { ...spec.graph, device: 'cpu' } })
      return {
        ...open,
        opened: { ...open.opened, provider: 'webgpu' },
        embed: (rows, signal) => (isLost ? Promise.reject(lost()) : open.embed(rows, signal)),
      }
    },
  }
  const embedder = await createEmbedder({ inference: losing, model, device: 'webgpu' })
  expect([embedder.provider, embedder.fallback]).toEqual(['webgpu', null])
  isLost = true
  expect(await embedder.embedDocuments(texts)).toEqual(expected)
  expect(embedder.provider).toBe('cpu')
  expect(embedder.fallback).toEqual({ reason: 'failed', detail: 'device lost' })
  expect(await embedder.embedQuery('cat')).toEqual(await onCpu.embedQuery('cat'))
  await embedder.close()
})

test('[MO5] a model that does not stand its self-test on a device is opened on the CPU', async () => {
  const model = await tiny('tiny-mean')
  const failing: Inference = {
    ...inference,
    async open(spec) {
      if (spec.graph.device === 'cpu') return inference.open(spec)
      const open = await inference.open({ ...spec, graph: { ...spec.graph, device: 'cpu' } })
      return { ...open, opened: { ...open.opened, provider: 'webgpu' }, embed: () => Promise.reject(lost()) }
    },
  }
  const embedder = await createEmbedder({ inference: failing, model, device: 'webgpu' })
  expect([embedder.provider, embedder.fallback?.reason]).toEqual(['cpu', 'failed'])
  const onCpu = await createEmbedder({ inference, model })
  expect(await embedder.embedQuery('cat')).toEqual(await onCpu.embedQuery('cat'))
})

test('a reranker is tested with no pair shorter than its marks', async () => {
  const model = await tiny('tiny-cross-encoder')
  const lengths: number[] = []
  const watched: Inference = {
    ...inference,
    async open(spec) {
      const open = await inference.open(spec)
      return {
        ...open,
        score: (rows, signal) => {
          lengths.push(...rows.lengths)
          return open.score(rows, signal)
        },
      }
    },
  }
  await createReranker({ inference: watched, model })
  // [CLS] [SEP] [SEP]: WebGPU refuses what a graph makes of less.
  expect(Math.min(...lengths)).toBe(3)
})
