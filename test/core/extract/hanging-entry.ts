/** An extractor process for tests that misbehaves by the file's name: hangs, eats memory, dies, or answers. */
import { basename } from 'node:path'
import { serveExtractor } from '../../../src/core/extract/extractor-process.ts'
import type { ExtractResult } from '../../../src/core/extract/types.ts'
import { connectParent } from '../../../src/core/processes/parent.ts'

const kept: Buffer[] = []

async function misbehave({
  path,
  onProgress,
}: {
  path: string
  onProgress?: () => void
}): Promise<ExtractResult> {
  const name = basename(path)
  if (name.startsWith('hang')) for (;;);
  if (name.startsWith('sleep')) await new Promise(() => {})
  if (name.startsWith('grow')) for (;;) kept.push(Buffer.alloc(8_000_000, 1))
  if (name.startsWith('die')) process.exit(7)
  if (name.startsWith('throw')) throw new TypeError('a fault of ours')
  if (name.startsWith('slow')) {
    // Longer than the limit in all, but always getting on.
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 70))
      onProgress?.()
    }
  }
  return { ok: false, reason: { code: 'empty', data: { detail: name } } }
}

serveExtractor(connectParent(), misbehave, () => process.exit(0))
