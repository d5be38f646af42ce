import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/shared/errors.ts'
import { createUploads } from '../../../src/renderer/add/uploads.ts'
import type { UploadRequest } from '../../../src/renderer/client.ts'

const files = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `a/${index}.md`,
    file: new File(['x'], `${index}.md`),
  }))
const heard = () => new Promise((resolve) => setTimeout(resolve, 150))

describe('uploads', () => {
  test('run three at a time', async () => {
    let running = 0
    let most = 0
    const uploads = createUploads(async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running--
      return { documentId: 1, unchanged: false }
    })
    expect(await uploads.add([files(10)])).toHaveLength(10)
    expect(most).toBe(3)
  })

  test('go on after one has failed, and keep its reason', async () => {
    const uploads = createUploads(({ name }) =>
      name === 'a/1.md'
        ? Promise.reject(new AppError('too-large', ''))
        : Promise.resolve({ documentId: 1, unchanged: name === 'a/2.md' }),
    )
    expect(await uploads.add([files(3)])).toHaveLength(2)
    await heard()
    expect(uploads.snapshot().map((item) => item.state)).toEqual(['added', 'failed', 'unchanged'])
    expect(uploads.snapshot()[1]!.error?.code).toBe('too-large')
    uploads.clear()
    await heard()
    expect(uploads.snapshot()).toEqual([])
  })

  test('stop when cancelled, those under way, those waiting and those still to come', async () => {
    const uploads = createUploads(
      ({ signal }: UploadRequest) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new AppError('cancelled', ''))),
        ),
    )
    async function* portions() {
      yield files(5)
      uploads.cancel()
      yield files(5)
    }
    const work = uploads.add(portions())
    expect(await work).toEqual([])
    await heard()
    expect(uploads.snapshot()).toHaveLength(5)
    expect(new Set(uploads.snapshot().map((item) => item.state))).toEqual(new Set(['cancelled']))
  })
})
