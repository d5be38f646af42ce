/**
 * The main job in a real window: drag files in, search in Chinese and English, read the hit at its page, switch the
 * model, reindex, find again. Once in the desktop app and once in the browser door.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dropFiles, firstPaint, launchBrowser, recordRequests } from '../support/browser.ts'
import { launchApp, type LaunchedApp } from '../support/electron-launch.ts'
import { calibrationPage, writeCorpus } from '../support/host-corpus.ts'
import { serve, type Served } from '../support/host-serve.ts'

interface Door {
  page: Page
  /** What the window asked for since it opened. */
  requests: string[]
  close(): Promise<void>
}

async function openDesktop(directory: string): Promise<Door> {
  const app: LaunchedApp = await launchApp({ directory })
  const requests = recordRequests(app.page)
  await app.page.reload()
  return { page: app.page, requests, close: () => app.close() }
}

async function openBrowserDoor(directory: string): Promise<Door> {
  const served: Served = await serve(directory)
  const browser: Browser = await launchBrowser()
  const page = await browser.newPage({ viewport: { width: 1280, height: 840 }, locale: 'en-US' })
  const requests = recordRequests(page)
  await page.goto(served.url)
  return {
    page,
    requests,
    async close() {
      await browser.close()
      const { outbound } = served.network()
      await served.close()
      expect(outbound).toEqual([])
    },
  }
}

const longMs = 60_000

describe.each([
  ['the desktop app', openDesktop],
  ['the browser door', openBrowserDoor],
])('in %s', (_name, open) => {
  let directory: string
  let corpus: { folder: string; file: string }
  let door: Door
  let page: Page

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'manifold-journey-'))
    corpus = await writeCorpus(directory)
    door = await open(directory)
    page = door.page
    page.setDefaultTimeout(15_000)
  }, longMs)

  afterAll(async () => {
    await door?.close()
    await rm(directory, { recursive: true, force: true })
  })

  const search = async (query: string) => {
    await page.getByTestId('search-input').fill(query)
    await page.getByTestId('search-input').press('Enter')
  }
  const titles = () => page.getByTestId('hit-title').allInnerTexts()
  const firstTitle = (query: string, wanted: RegExp) =>
    expect.poll(async () => (await titles())[0] ?? '', { timeout: 15_000, message: query }).toMatch(wanted)

  test('opens on an empty library and says what to do', async () => {
    await page.getByTestId('empty-state').waitFor()
    expect(await firstPaint(page)).toBeLessThan(3_000)
  })

  test(
    'takes a dropped folder and a file beside it, and reads them',
    async () => {
      await dropFiles(page, [corpus.folder, corpus.file])
      await page.getByTestId('rail-library').click()
      const rows = page.getByTestId('document-row')
      await expect.poll(() => rows.count(), { timeout: longMs }).toBe(8)
      await expect
        .poll(async () => (await page.getByTestId('document-status').allInnerTexts()).join('|'), {
          timeout: longMs,
        })
        .not.toMatch(/waiting|reading|queued|indexing/i)
      await page.getByTestId('rail-find').click()
    },
    longMs,
  )

  test('finds by meaning and by words, in English', async () => {
    await search('ending the tenancy when the rent is late')
    await firstTitle('en', /Lease of the river house/)
    await page.getByTestId('mode-exact').click()
    await search('derailleur')
    await firstTitle('exact', /Bicycle/)
    await page.getByTestId('mode-smart').click()
  })

  test('finds in Chinese, with scores that never rise down the list [SE4]', async () => {
    await search('提前解除合同要提前多久通知')
    await firstTitle('zh', /房屋租赁合同/)
    await search('数据库什么时候迁移')
    await firstTitle('zh utf-16', /会议纪要|三月例会/)
    const scores = (await page.getByTestId('hit-score').allInnerTexts())
      .map(Number)
      .filter((score) => !Number.isNaN(score))
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
  })

  test(
    'opens a PDF hit at its page, with its lines highlighted [EX1]',
    async () => {
      await search('how is the telescope mount calibrated')
      await firstTitle('pdf', /Observatory handbook/)
      await page.getByTestId('hit-title').first().click()
      await page.getByTestId('reader').waitFor()
      const highlight = page.getByTestId('pdf-highlight').first()
      await highlight.waitFor({ timeout: longMs })
      await expect
        .poll(() =>
          highlight.evaluate((element) => {
            const box = element.getBoundingClientRect()
            return box.width > 20 && box.top >= 0 && box.bottom <= innerHeight
          }),
        )
        .toBe(true)
      const holder = page
        .getByTestId('pdf-page')
        .filter({ has: page.getByTestId('pdf-highlight') })
        .first()
      expect(await holder.getAttribute('data-page')).toBe(String(calibrationPage))
      await expect
        .poll(
          () =>
            holder
              .locator('canvas')
              .first()
              .evaluate((canvas: HTMLCanvasElement) => {
                const context = canvas.getContext('2d')!
                const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
                let dark = 0
                for (let i = 0; i < data.length; i += 4) if (data[i]! < 100 && data[i + 3]! > 0) dark++
                return dark
              }),
          { timeout: longMs },
        )
        .toBeGreaterThan(100)
    },
    longMs,
  )

  test(
    'draws a Chinese PDF whose characters come from a predefined map',
    async () => {
      await search('检索的次序由什么决定')
      await firstTitle('zh pdf', /离线检索/)
      await page.getByTestId('hit-title').first().click()
      await page.getByTestId('pdf-highlight').first().waitFor({ timeout: longMs })
    },
    longMs,
  )

  test('opens a note at its passage', async () => {
    await search('folding the dough overnight')
    await firstTitle('md', /Sourdough/)
    await page.getByTestId('hit-title').first().click()
    await page.getByTestId('md-highlight').first().waitFor()
  })

  test(
    'switches the model, reindexes, and finds again [RE1]',
    async () => {
      await page.getByTestId('rail-settings').click()
      await page.getByTestId('model-manifold-static-128').click()
      await page.getByTestId('after-switch').click()
      await page.getByTestId('rebuild-confirm').click()
      // Search keeps answering meanwhile.
      await page.getByTestId('rail-find').click()
      await search('ending the tenancy when the rent is late')
      await firstTitle('while building', /Lease of the river house/)
      await page.getByTestId('rail-settings').click()
      const chosen = page.getByTestId('model-manifold-static-128')
      await expect.poll(() => chosen.innerText(), { timeout: longMs }).toContain('In use')
      await page.getByTestId('rail-find').click()
      await search('提前解除合同要提前多久通知')
      await firstTitle('after the switch', /房屋租赁合同/)
    },
    2 * longMs,
  )

  test('speaks Chinese when asked', async () => {
    await page.getByTestId('rail-settings').click()
    await page.getByTestId('language-select').getByText('中文').click()
    await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toMatch(/^zh/)
    await page.getByTestId('rail-find').click()
    await expect.poll(() => page.getByTestId('mode-smart').innerText()).toContain('智能')
  })

  test('has asked for nothing beyond its own origin', () => {
    const origin = new URL(page.url()).origin
    expect(door.requests.length).toBeGreaterThan(5)
    expect(
      door.requests.filter((url) => !url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)),
    ).toEqual([])
  })
})
