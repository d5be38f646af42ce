/** First paint of the window through the browser door, beside that of an empty page in the same browser. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firstPaint, launchBrowser } from '../test/support/browser.ts'
import { serve } from '../test/support/host-serve.ts'

const rounds = 7
const directory = mkdtempSync(join(tmpdir(), 'manifold-bench-'))
const served = await serve(directory)
const browser = await launchBrowser()
try {
  const times: number[] = []
  const empty: number[] = []
  for (let round = 0; round < rounds; round++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(round === 0 ? served.url : served.origin)
    times.push(await firstPaint(page))
    await page.goto('data:text/html,<p>Manifold</p>')
    empty.push(await firstPaint(page))
    await page.close()
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
  console.table({
    'window, ms': Math.round(median(times)),
    'one paragraph, ms': Math.round(median(empty)),
    ratio: Number((median(times) / median(empty)).toFixed(1)),
  })
} finally {
  await browser.close()
  await served.close()
  rmSync(directory, { recursive: true, force: true })
}
