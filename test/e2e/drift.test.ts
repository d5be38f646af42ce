/** What a person sees when the vectors of their index are no longer those the model gives: said, put off, put right. */
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dropFiles, launchBrowser, screenshot } from '../support/browser.ts'
import { serve, type Served } from '../support/host-serve.ts'

const longMs = 60_000
let directory: string
let served: Served
let browser: Browser
let page: Page

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifold-window-drift-'))
  const folder = join(directory, 'notes')
  await mkdir(folder)
  await writeFile(join(folder, 'roses.md'), '# Roses\n\nPrune the roses in March, before the buds open.\n')
  served = await serve(directory)
  browser = await launchBrowser()
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
  page.setDefaultTimeout(20_000)
  await page.goto(served.url)
  await page.getByTestId('empty-state').waitFor()
  await dropFiles(page, [folder])
  await page.getByTestId('rail-library').click()
  await page.locator('[data-testid="document-status"][data-status="indexed"]').waitFor({ timeout: longMs })
  await served.close()
  makeOtherVectors(join(directory, 'library'))
  served = await serve(directory)
  await page.goto(served.url)
}, 3 * longMs)

afterAll(async () => {
  await browser?.close()
  await served?.close()
  await rm(directory, { recursive: true, force: true })
})

/** As if the index had been made on another computer, where the model gave other vectors. */
function makeOtherVectors(library: string): void {
  for (const name of readdirSync(library).filter((one) => /^vectors-.*\.db$/.test(one))) {
    const file = new Database(join(library, name))
    const text = file.prepare("SELECT value FROM meta WHERE key = 'canary'").pluck().get() as string
    const canary = JSON.parse(text) as { vectors: string[]; environment: Record<string, string> }
    canary.vectors.reverse()
    canary.environment.hardware = 'another processor'
    file.prepare("UPDATE meta SET value = ? WHERE key = 'canary'").run(JSON.stringify(canary))
    file.close()
  }
}

const banner = () => page.getByTestId('drift')

test(
  '[MO3] says that vectors drifted and what changed, and goes away for good when told to',
  async () => {
    await banner().waitFor({ timeout: longMs })
    expect(await banner().innerText()).toContain('What changed since: the processor or its driver.')
    await screenshot(page, 'drift')
    await page.getByTestId('rail-settings').click()
    await page.getByTestId('run-test-manifold-static-256').click()
    const found = page.getByTestId('test-of-manifold-static-256')
    await expect
      .poll(() => found.innerText(), { timeout: longMs })
      .toContain('Their vectors are no longer those of then')
    await page.getByTestId('drift-later').click()
    await banner().waitFor({ state: 'detached' })
    await page.reload()
    await page.getByTestId('rail-settings').waitFor()
    expect(await banner().count()).toBe(0)
  },
  2 * longMs,
)

test(
  '[MO3] is put right by an index made anew',
  async () => {
    await page.evaluate(() => localStorage.clear())
    await page.reload()
    await page.getByTestId('drift-build').click()
    await page.getByTestId('estimate').waitFor({ timeout: longMs })
    await page.getByTestId('after-switch').click()
    await page.getByTestId('rebuild-confirm').click()
    await page.getByTestId('rail-jobs').click()
    await page.getByTestId('former').waitFor({ timeout: longMs })
    await page.reload()
    await page.getByTestId('rail-find').click()
    await page.getByTestId('search-input').fill('roses in March')
    await page.getByTestId('search-input').press('Enter')
    await expect
      .poll(() => page.getByTestId('hit-title').allInnerTexts(), { timeout: longMs })
      .toEqual(['Roses'])
    await expect.poll(() => banner().count(), { timeout: longMs }).toBe(0)
  },
  3 * longMs,
)
