import { Worker } from 'node:worker_threads'
import { afterAll, expect, test } from 'vitest'
import { createEmbedder } from '../../../src/core/embed/embedder.ts'
import { startInference } from '../../../src/core/models/inference.ts'
import { createLane } from '../../../src/core/models/lane.ts'
import { createNodeHost } from '../../../src/core/node-host.ts'
import { tiny } from '../../support/tiny-models.ts'

const closing: (() => Promise<void>)[] = []
afterAll(() => Promise.all(closing.map((close) => close())))

test('the lane runs one at a time, urgent work first, and skips what was given up', async () => {
  const lane = createLane()
  const order: string[] = []
  const live = new AbortController().signal
  const given = new AbortController()
  let running = 0
  const job = (name: string) => async () => {
    expect(++running).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    order.push(name)
  }
  const work = [
    lane.run(false, live, job('document 1')),
    lane.run(false, live, job('document 2')),
    lane.run(false, given.signal, job('given up')),
    lane.run(true, live, job('query')),
  ]
  given.abort()
  const results = await Promise.allSettled(work)
  expect(order).toEqual(['query', 'document 1', 'document 2'])
  expect(results[2]).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } })
})

test('a model is there again after its thread died', async () => {
  const host = createNodeHost()
  const workers: Worker[] = []
  const inference = startInference(
    {
      spawnThread: (role, data) => {
        const worker = host.spawnThread(role, data)
        workers.push(worker)
        return worker
      },
    },
    { threads: 1 },
  )
  closing.push(() => inference.close())
  const embedder = await createEmbedder({ inference, model: await tiny('tiny-mean') })
  const before = await embedder.embedQuery('cat')
  // While it is idle: a thread ended inside a native call would take this process with it.
  await workers[0]!.terminate()
  expect(await embedder.embedQuery('cat')).toEqual(before)
  expect(workers.length).toBe(2)
})

test('closing waits for what runs, and ends what waits', async () => {
  const inference = startInference(createNodeHost(), { threads: 1 })
  const embedder = await createEmbedder({ inference, model: await tiny('tiny-mean') })
  const lost = embedder.embedDocuments(Array.from({ length: 20_000 }, (_, i) => `cat ${i} on the mat`))
  lost.catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 20))
  await inference.close()
  await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
})

test('half the cores are used unless the person says otherwise', () => {
  const inference = startInference(createNodeHost())
  closing.push(() => inference.close())
  expect(inference.threads).toBeGreaterThanOrEqual(1)
})
