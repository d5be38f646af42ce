import { expect, test } from 'vitest'
import { progressOf } from '../../src/main/progress.ts'
import type { Status } from '../../src/shared/status.ts'

const ingest = {
  paused: false,
  done: 3,
  total: 12,
  current: [],
  chunksPerSecond: null,
  filesPerSecond: null,
  secondsLeft: null,
}
const reindex: NonNullable<Status['reindex']> = {
  state: 'building',
  embeddingModel: 'm',
  strategy: 'recursive',
  documentsDone: 1,
  documentsTotal: 2,
  chunksDone: 0,
  chunksPerSecond: null,
  secondsLeft: null,
  error: null,
  errorCode: null,
  embedOnly: false,
  reusedVectors: 0,
  waitingFor: null,
}

test('shows the share of files read', () => {
  expect(progressOf({ ingest, reindex: null })).toBe(0.25)
})

test('shows a reindex before the reading of files [RE4]', () => {
  expect(progressOf({ ingest, reindex })).toBe(0.5)
})

test('shows nothing when nothing runs', () => {
  expect(progressOf({ ingest: null, reindex: null })).toBe(-1)
  expect(progressOf({ ingest: { ...ingest, paused: true }, reindex: { ...reindex, state: 'paused' } })).toBe(
    -1,
  )
  expect(progressOf({ ingest: { ...ingest, total: 0 }, reindex: null })).toBe(-1)
})
