/**
 * Changing the model as a person does it, in a real window on a real engine: measured first, built while search goes
 * on, with the indexer and then the whole engine killed half way, compared, switched, gone back, the former dropped.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dropFiles, launchBrowser } from '../support/browser.ts'
import { writeCorpus } from '../support/host-corpus.ts'
import { writeNotes } from '../support/host-notes.ts'
import { serve, type Served } from '../support/host-serve.ts'

const longMs = 60_000
/** Between two searches: a person reads, and the machine has two cores. */
const pauseMs = 300
/** So many that the new index takes seconds on an idle machine: it is killed twice before it is done. */
const notes = 110
const files = notes + 8
const first = 'manifold-static-256'
const second = 'manifold-context-384'

/** Both models find these; two, so that an answer is never the one before. */
const questions = [
  ['ending the tenancy when the rent is late', /Lease of the river house/],
  ['how is the telescope mount calibrated', /Observatory handbook/],
] as const

let directory: string
let served: Served
let browser: Browser
let context: BrowserContext
/** Where the person changes the model, and a second tab where somebody searches all along. */
let page: Page
let searching: Page
let stopSearching: (() => Promise<number[]>) | undefined
const errors: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifold-switch-'))
  const corpus = await writeCorpus(directory)
  const folder = await writeNotes(directory, { notes, sections: 8 })
  served = await serve(directory)
  browser = await launchBrowser()
  context = await browser.newContext({ viewport: { width: 1280, height: 840 }, locale: 'en-US' })
  context.setDefaultTimeout(15_000)
  page = await context.newPage()
  page.on('pageerror', (error) => errors.push(error.stack ?? String(error)))
  await page.goto(served.url)
  await page.getByTestId('empty-state').waitFor()
  await dropFiles(page, [corpus.folder, corpus.file, folder])
  await page.getByTestId('rail-jobs').click()
  // One of them is locked with a password.
  await page
    .getByTestId('progress')
    .filter({ hasText: `${files - 1} of ${files} files read` })
    .waitFor({ timeout: longMs })
  await page.getByTestId('ingest-job').waitFor({ state: 'detached', timeout: longMs })
}, 2 * longMs)

afterAll(async () => {
  await stopSearching?.().catch(() => {})
  await browser?.close()
  await served?.close()
  await rm(directory, { recursive: true, force: true })
})

/** A tab beside the first one: the browser gives it the session of the tab it came from. */
async function secondTab(): Promise<Page> {
  const [tab] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate(() => void window.open(location.href)),
  ])
  tab.on('pageerror', (error) => errors.push(error.stack ?? String(error)))
  await tab.getByTestId('search-input').waitFor()
  return tab
}

async function ask(tab: Page, at: number): Promise<number> {
  const [query, wanted] = questions[at % questions.length]!
  const began = performance.now()
  await tab.getByTestId('search-input').fill(query)
  await tab.getByTestId('search-input').press('Enter')
  await tab.getByTestId('hit-title').first().filter({ hasText: wanted }).waitFor()
  expect(await tab.getByTestId('search-error').count()).toBe(0)
  return performance.now() - began
}

/** Asks again and again until told to stop, which answers how long each took; an unanswered one fails the test there. */
function keepSearching(tab: Page): () => Promise<number[]> {
  let stopped = false
  const asked = (async () => {
    const took: number[] = []
    for (let at = 0; !stopped; at++) {
      took.push(await ask(tab, at))
      await tab.waitForTimeout(pauseMs)
    }
    return took
  })()
  asked.catch(() => {})
  return () => {
    stopped = true
    stopSearching = undefined
    return asked
  }
}

/** Asks the engine from the page without a pause, so that some question is always half answered. Stopping answers how many. */
async function askWithoutPause(tab: Page): Promise<() => Promise<number>> {
  await tab.evaluate(
    (wanted) => {
      const told = globalThis as unknown as { isAsking: boolean; asked: Promise<number> }
      told.isAsking = true
      told.asked = (async () => {
        const headers = {
          'content-type': 'application/json',
          authorization: `Bearer ${sessionStorage.getItem('manifold.token')}`,
        }
        let count = 0
        for (; told.isAsking; count++) {
          const [query, title] = wanted[count % wanted.length]!
          const body = JSON.stringify({ json: { query, limit: 10 } })
          const response = await fetch('/rpc/search/run', { method: 'POST', headers, body })
          const text = await response.text()
          if (!response.ok || text.includes('event: error') || !new RegExp(title).test(text)) {
            throw new Error(`${query}: ${response.status} ${text.slice(text.indexOf('event: error'))}`)
          }
        }
        return count
      })()
      told.asked.catch(() => {})
    },
    questions.map(([query, title]) => [query, title.source] as const),
  )
  return () =>
    tab.evaluate(() => {
      const told = globalThis as unknown as { isAsking: boolean; asked: Promise<number> }
      told.isAsking = false
      return told.asked
    })
}

const job = () => page.getByTestId('reindex-job')

async function filesBuilt(): Promise<number> {
  const text = await job().innerText({ timeout: 1000 })
  return Number(/([\d,]+) of [\d,]+ files/.exec(text)?.[1]?.replaceAll(',', '') ?? Number.NaN)
}

const indexers = (): number[] =>
  served
    .network()
    .started.filter((line) => line.includes('indexer'))
    .map((line) => Number(line.split(' ')[0]))

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const inUse = async (): Promise<string> => {
  await page.getByTestId('rail-settings').click()
  const model = page.getByTestId('model-select').locator('[role=radio]').filter({ hasText: 'In use' })
  return (await model.getAttribute('data-testid')) ?? ''
}

test(
  'says beforehand what the new index takes, measured on this library [RE4]',
  async () => {
    searching = await secondTab()
    await ask(searching, 0)
    await ask(searching, 1)
    await page.getByTestId('rail-settings').click()
    await page.getByTestId(`model-${second}`).click()
    await page.getByTestId('measuring').waitFor()
    const facts = await page.getByTestId('estimate').innerText({ timeout: longMs })
    expect(facts).toContain(`passages in ${files - 1} files`)
    expect(facts).toMatch(/\d+% Chinese, \d+% Latin letters/)
    expect(facts).toMatch(/measured now \([\d.,]+ passages a second\)/)
    expect(facts).toMatch(/[\d.]+ [kMG]B more, [\d.]+ [GT]B free/)
    expect(facts).toContain('the passages stay as they are')
    expect(await page.getByTestId('after-compare').isChecked()).toBe(true)
  },
  longMs,
)

test(
  'keeps answering while it builds, and while its indexer is killed [RE1 RE2]',
  async () => {
    stopSearching = keepSearching(searching)
    await page.getByTestId('rebuild-confirm').click()
    await page.getByTestId('reindex-state').click()
    await expect.poll(filesBuilt, { timeout: longMs, interval: 30 }).toBeGreaterThan(0.05 * files)
    const killed = indexers().at(-1)!
    const before = await filesBuilt()
    process.kill(killed, 'SIGKILL')
    await expect.poll(() => indexers().at(-1), { timeout: longMs, interval: 100 }).not.toBe(killed)
    await expect.poll(filesBuilt, { timeout: longMs, interval: 100 }).toBeGreaterThan(before)
    expect(before).toBeLessThan(files - 1)
    const took = await stopSearching!()
    expect(took.length).toBeGreaterThan(3)
    console.log(`searches meanwhile: ${took.length}, slowest ${Math.round(Math.max(...took))} ms`)
  },
  2 * longMs,
)

test(
  'goes on where it was after the engine itself is killed [RE2 DA1]',
  async () => {
    await expect.poll(filesBuilt, { timeout: longMs, interval: 30 }).toBeGreaterThan(0.3 * files)
    const before = await filesBuilt()
    expect(before).toBeLessThan(files - 1)
    const children = indexers()
    await served.kill()
    await page.getByTestId('engine-gone').waitFor()
    await expect.poll(() => children.filter(isAlive), { timeout: 10_000 }).toEqual([])
    const { port } = new URL(served.origin)
    served = await serve(directory, {}, Number(port))
    // The window finds the engine by itself. Its session ended with the engine, so it asks for a new link.
    await page.getByTestId('lost-session').waitFor()
    await page.goto(served.url)
    await page.getByTestId('rail-jobs').click()
    await job().waitFor()
    expect(await filesBuilt()).toBeGreaterThanOrEqual(before)
    await searching.close()
    searching = await secondTab()
    stopSearching = keepSearching(searching)
    await page.locator('[data-testid="reindex-job"][data-state="complete"]').waitFor({ timeout: longMs })
    const took = await stopSearching!()
    expect(took.length).toBeGreaterThan(0)
    expect(await page.getByTestId('reindex-state').innerText()).toMatch(/ready: compare/)
    expect(await inUse()).toBe(`model-${first}`)
  },
  2 * longMs,
)

test('compares both, and switches when told to [RE1]', async () => {
  stopSearching = keepSearching(searching)
  await page.getByTestId('reindex-state').click()
  await page.getByTestId('compare-query').fill('提前解除合同要提前多久通知')
  await page.getByTestId('compare-run').click()
  const columns = page.getByTestId('side-by-side').locator('> div')
  await expect.poll(() => columns.count(), { timeout: 15_000 }).toBe(2)
  for (const at of [0, 1])
    expect(await columns.nth(at).getByTestId('trial-hit').first().innerText()).toContain('房屋租赁合同')
  const stopAsking = await askWithoutPause(page)
  await page.getByTestId('reindex-switch').click()
  await page.getByTestId('former').waitFor()
  expect(await job().count()).toBe(0)
  expect(await page.getByTestId('reindex-state').count()).toBe(0)
  expect(await inUse()).toBe(`model-${second}`)
  expect(await stopAsking()).toBeGreaterThan(0)
  const took = await stopSearching!()
  expect(took.length).toBeGreaterThan(0)
  await ask(searching, 0)
  await ask(searching, 1)
})

test('goes back with one click, and gives the disk of the other one back [RE3]', async () => {
  stopSearching = keepSearching(searching)
  await page.getByTestId('rail-jobs').click()
  const stopAsking = await askWithoutPause(page)
  await page.getByTestId('rollback').click()
  await page.getByTestId('former').filter({ hasText: 'Manifold context 384' }).waitFor()
  expect(await inUse()).toBe(`model-${first}`)
  expect(await stopAsking()).toBeGreaterThan(0)
  await page.getByTestId('rail-jobs').click()
  await page.getByTestId('drop-former').click()
  await page.getByTestId('drop-former-confirm').click()
  await page.getByTestId('former').waitFor({ state: 'detached' })
  await page.getByText(/Deleted\. [\d.]+ [kMG]B are free again/).waitFor()
  const took = await stopSearching!()
  expect(took.length).toBeGreaterThan(0)
  await ask(searching, 0)
  await ask(searching, 1)
  expect(errors).toEqual([])
})
