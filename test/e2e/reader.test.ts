/** Going through hits faster than their files open, in a real window on a real engine. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PDFDocument } from 'pdf-lib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dropFiles, launchBrowser } from '../support/browser.ts'
import { writeCorpus } from '../support/host-corpus.ts'
import { serve, type Served } from '../support/host-serve.ts'

let directory: string
let served: Served
let browser: Browser
let page: Page
const errors: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifold-reader-'))
  const corpus = await writeCorpus(directory)
  const large = join(directory, 'heron.pdf')
  await writeFile(large, await largePdf())
  served = await serve(directory)
  browser = await launchBrowser()
  page = await browser.newPage({ viewport: { width: 1280, height: 840 }, locale: 'en-US' })
  // Those of the workers too.
  page.on('pageerror', (error) => errors.push(error.stack ?? String(error)))
  await page.goto(served.url)
  await page.getByTestId('empty-state').waitFor()
  await dropFiles(page, [corpus.folder, corpus.file, large])
  await page
    .getByTestId('progress')
    .filter({ hasText: /8 of 9 files read/ })
    .waitFor({ timeout: 60_000 })
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await served?.close()
  await rm(directory, { recursive: true, force: true })
})

/** So large that its end, where it says what is where, is asked for by itself. */
async function largePdf(): Promise<Uint8Array> {
  const document = await PDFDocument.create()
  document
    .addPage()
    .drawText('The grey heron fishes alone in shallow water at dawn.', { x: 40, y: 700, size: 14 })
  await document.attach(randomBytes(500_000), 'noise.bin')
  return document.save()
}

test('a PDF closed while it is being opened leaves no error, and opens again', async () => {
  const ask = async (query: string, title: RegExp): Promise<void> => {
    await page.getByTestId('search-input').fill(query)
    await page.getByTestId('search-input').press('Enter')
    await page.getByTestId('hit-title').first().filter({ hasText: title }).waitFor()
  }
  const heron = () => ask('where does the heron fish', /heron/i)
  let delayed = 0
  await page.route('**/files/**', async (route) => {
    const later = !(route.request().headers().range ?? 'bytes=0-').startsWith('bytes=0-')
    if (later) await new Promise((resolve) => setTimeout(resolve, 1_000))
    if (later) delayed++
    await route.continue().catch(() => {})
  })
  for (let round = 0; round < 3; round++) {
    const asked = page.waitForRequest((request) => /bytes=[1-9]/.test(request.headers().range ?? ''))
    await heron()
    await asked
    await ask('ending the tenancy when the rent is late', /Lease of the river house/)
  }
  await page.waitForTimeout(1_500)
  expect(delayed).toBeGreaterThan(2)
  expect(errors).toEqual([])
  await page.unroute('**/files/**')
  await heron()
  await page.locator('canvas').first().waitFor()
  expect(errors).toEqual([])
}, 120_000)
