/**
 * Pictures of the main views, light and dark, in English and Chinese, to look at and to publish: with
 * MANIFOLD_PICTURES=1 into docs/images/. They also show that no view throws.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dropFiles, firstPaint, launchBrowser, screenshot } from '../support/browser.ts'
import { writeCorpus } from '../support/host-corpus.ts'
import { serve, type Served } from '../support/host-serve.ts'

let directory: string
let served: Served
let browser: Browser
let page: Page
const errors: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifold-pictures-'))
  const corpus = await writeCorpus(directory)
  served = await serve(directory)
  browser = await launchBrowser()
  page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    deviceScaleFactor: 2,
    locale: 'en-US',
  })
  page.setDefaultTimeout(15_000)
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  await page.goto(served.url)
  console.log(`first paint: ${Math.round(await firstPaint(page))} ms`)
  await page.getByTestId('empty-state').waitFor()
  await screenshot(page, 'first-launch')
  await dropFiles(page, [corpus.folder, corpus.file])
  await page.getByTestId('rail-library').click()
  for (let i = 0; i < 300; i++) {
    const states = await page.getByTestId('document-status').allInnerTexts()
    if (states.length === 8 && !/waiting|reading|queued|indexing/i.test(states.join('|'))) return
    await page.waitForTimeout(200)
  }
  throw new Error('the documents were not read in time')
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await served?.close()
  await rm(directory, { recursive: true, force: true })
})

const english = ['how is the telescope mount calibrated', 'what happens when the rent is late'] as const
const chinese = ['检索的次序由什么决定', '提前解除合同要提前多久通知'] as const

const looks = [
  ['en', 'English', 'Light', english],
  ['zh', '中文', '深色', chinese],
  ['en', 'English', 'Dark', english],
  ['zh', '中文', '浅色', chinese],
] as const

// Two show that nothing throws; the other two are for whoever looks.
test.each(process.env.MANIFOLD_PICTURES ? looks : looks.slice(0, 2))(
  'every view can be seen (%s, %s, %s)',
  async (short, language, theme, [pdfQuery, noteQuery]) => {
    const suffix = `${short}-${/Light|浅/.test(theme) ? 'light' : 'dark'}`
    await page.getByTestId('rail-settings').click()
    await page.getByTestId('language-select').getByText(language, { exact: true }).click()
    await page.getByTestId('theme-select').getByText(theme, { exact: true }).click()
    await page.waitForTimeout(300)
    await screenshot(page, `settings-${suffix}`)
    await page.getByTestId('show-catalogue').click()
    await page.getByTestId('catalogue').evaluate((element) => element.scrollIntoView())
    await screenshot(page, `models-${suffix}`)
    await page.getByTestId('show-catalogue').click()
    await page.getByTestId('model-manifold-context-384').click()
    // The model is tested and timed first, beside whatever else runs.
    await page.getByTestId('estimate').waitFor({ timeout: 60_000 })
    await page.waitForTimeout(300)
    await screenshot(page.getByRole('dialog'), `new-index-${suffix}`)
    await page.keyboard.press('Escape')
    await page.getByTestId('build-dialog').waitFor({ state: 'detached' })
    await page.getByTestId('rail-library').click()
    await page.getByTestId('document-row').first().waitFor()
    await screenshot(page, `library-${suffix}`)
    await page.getByTestId('rail-jobs').click()
    await page.waitForTimeout(300)
    await screenshot(page, `jobs-${suffix}`)
    await page.getByTestId('rail-find').click()
    for (const [name, query, target] of [
      ['pdf', pdfQuery, 'pdf-highlight'],
      ['note', noteQuery, 'md-highlight'],
    ] as const) {
      await page.getByTestId('search-input').fill(query)
      await page.getByTestId('search-input').press('Enter')
      await page.waitForTimeout(800)
      await page.getByTestId('hit-title').first().click()
      await page.getByTestId(target).first().waitFor()
      await page.waitForTimeout(800)
      await screenshot(page, `find-${name}-${suffix}`)
    }
    expect(errors).toEqual([])
  },
  120_000,
)
