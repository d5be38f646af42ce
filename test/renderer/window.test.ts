/** The window against a real engine, in a real Chromium: what only keys, focus, composition and lost engines show. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dropFiles, launchBrowser } from '../support/browser.ts'
import { serve, type Served } from '../support/host-serve.ts'

const longMs = 60_000
const notes = {
  'lease.md':
    '# Lease\n\n## Ending it\n\nEither side may end the lease with thirty days notice.\n\nRent is due monthly.\n',
  'roses.md':
    '# Roses\n\nPrune the roses in March, before the buds open.\n\n<script>window.hacked = true</script>\n\n[link](https://example.com/a)\n',
  'bread.txt': 'Fold the dough twice.\nLet it rest overnight.\nBake it hot.\n',
  '合同.md': '# 租赁合同\n\n提前三十天书面通知对方，可以解除合同。\n',
}

describe('the window', () => {
  let directory: string
  let served: Served
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'manifold-window-'))
    const folder = join(directory, 'notes')
    await mkdir(folder)
    for (const [name, text] of Object.entries(notes)) await writeFile(join(folder, name), text)
    served = await serve(directory)
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
    page.setDefaultTimeout(10_000)
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(served.url)
    await page.getByTestId('empty-state').waitFor()
    await dropFiles(page, [folder])
    await page.getByTestId('rail-library').click()
    const read = page.locator('[data-testid="document-status"][data-status="indexed"]')
    await read.nth(3).waitFor({ timeout: longMs })
    await page.getByTestId('rail-find').click()
  }, 2 * longMs)

  afterAll(async () => {
    await browser?.close()
    await served?.close()
    await rm(directory, { recursive: true, force: true })
  })

  const input = () => page.getByTestId('search-input')
  const ask = async (query: string, best: string) => {
    await input().fill(query)
    await input().press('Enter')
    await expect.poll(() => page.getByTestId('hit-title').first().innerText()).toBe(best)
  }

  test('leaves no code in the address and no token in the page', async () => {
    expect(page.url()).not.toContain('code=')
    expect(await page.evaluate(() => Object.keys(localStorage).join())).not.toMatch(/token/)
  })

  test('searches while typing, and shows the first answer after Enter', async () => {
    await input().pressSequentially('ending a lea', { delay: 20 })
    await expect.poll(() => page.getByTestId('hit-title').first().innerText()).toContain('Lease')
    await input().press('Enter')
    await page.getByTestId('md-highlight').first().waitFor()
    expect(await page.getByTestId('reader-title').innerText()).toBe('Lease')
  })

  test('does nothing on Enter while an input method composes [SE3]', async () => {
    await ask('roses', 'Roses')
    const session = await page.context().newCDPSession(page)
    const before = await page.getByTestId('hit-title').first().innerText()
    await input().fill('')
    await input().focus()
    await page.getByTestId('hit').first().waitFor({ state: 'detached' })
    await session.send('Input.imeSetComposition', { text: 'hetong', selectionStart: 6, selectionEnd: 6 })
    await page.waitForTimeout(500)
    expect(await input().inputValue()).toBe('hetong')
    expect(await page.getByTestId('hit').count()).toBe(0)
    await session.send('Input.insertText', { text: '解除合同' })
    await expect.poll(() => page.getByTestId('hit-title').first().innerText()).toContain('租赁合同')
    await session.detach()
    expect(before).toBe('Roses')
  })

  test('can be used by keys alone: down, up, Enter, Escape, slash', async () => {
    await ask('notice', 'Lease')
    await input().focus()
    await page.keyboard.press('ArrowDown')
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))
    expect(await focused()).toBe('hit')
    await page.keyboard.press('Enter')
    await expect.poll(focused).toBe('reader')
    await page.keyboard.press('Escape')
    await expect.poll(focused).toBe('hit')
    await page.keyboard.press('ArrowUp')
    await expect.poll(focused).toBe('search-input')
    await page.keyboard.press('Tab')
    await page.getByTestId('rail-find').focus()
    await page.keyboard.press('/')
    expect(await focused()).toBe('search-input')
    await page.keyboard.press('Control+k')
    await page.getByPlaceholder('Search commands').waitFor()
    await page.keyboard.press('Escape')
  })

  test('explains a hit and shows what stands around it', async () => {
    await ask('thirty days notice', 'Lease')
    const hit = page.getByTestId('hit').first()
    await hit.getByTestId('why').click()
    await expect.poll(() => page.getByTestId('why-panel').innerText()).toMatch(/Meaning: closer than/)
    await hit.getByTestId('around').click()
    await expect.poll(() => page.getByTestId('around-panel').innerText()).toContain('thirty days')
  })

  test('runs nothing that stands in a note, and asks before it leaves the computer', async () => {
    await ask('prune the roses', 'Roses')
    await page.getByTestId('hit').first().click()
    await page.getByTestId('markdown').getByText('link').click()
    await page.getByText('https://example.com/a').waitFor()
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false)
    await page.keyboard.press('Escape')
  })

  test('opens a text at its line', async () => {
    await ask('rest the dough overnight', 'bread')
    await expect
      .poll(() => page.getByTestId('text-highlight').allInnerTexts())
      .toContain('Let it rest overnight.')
  })

  test('counts exactly, and says so when there is nothing', async () => {
    await page.getByTestId('mode-exact').click()
    await ask('notice', 'Lease')
    await expect.poll(() => page.getByTestId('exact-total').innerText()).toBe('1 place in one file')
    await input().fill('nowhere at all')
    await page.getByTestId('no-results').waitFor()
    await page.getByTestId('mode-smart').click()
  })

  test('narrows by type', async () => {
    await input().fill('notice dough roses')
    await page.getByTestId('filter-type').click()
    await page.getByRole('dialog').getByText('Text', { exact: true }).click()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByTestId('hit-title').allInnerTexts()).toEqual(['bread'])
    await page.getByText('Clear filters').click()
  })

  test('removes with an undo', async () => {
    await page.getByTestId('rail-library').click()
    const rows = page.getByTestId('document-row')
    const row = rows.filter({ hasText: 'Roses' })
    await row.getByTestId('document-actions').click()
    await page.getByTestId('document-remove').click()
    await expect.poll(() => rows.count()).toBe(3)
    await page.getByTestId('undo').click()
    await expect.poll(() => rows.count()).toBe(4)
  })

  test('forgets completely and says where it looked [DA5]', async () => {
    const rows = page.getByTestId('document-row')
    await rows.filter({ hasText: 'bread' }).getByTestId('document-actions').click()
    await page.getByTestId('document-forget').click()
    await page.getByTestId('forget-confirm').click()
    await page.getByText('No trace found').waitFor({ timeout: longMs })
    await page.keyboard.press('Escape')
    await expect.poll(() => rows.count()).toBe(3)
  })

  test('changes theme and language at once, and keeps them', async () => {
    await page.getByTestId('rail-settings').click()
    await page.getByTestId('theme-select').getByText('Dark').click()
    await expect
      .poll(() => page.evaluate(() => document.documentElement.dataset.mantineColorScheme))
      .toBe('dark')
    await page.getByTestId('language-select').getByText('中文').click()
    await expect.poll(() => page.getByTestId('rail-find').innerText()).toBe('查找')
    await page.reload()
    await expect.poll(() => page.getByTestId('rail-find').innerText()).toBe('查找')
    await page.getByTestId('rail-settings').click()
    await page.getByTestId('language-select').getByText('English').click()
  })

  test('a window without a session says what to do', async () => {
    const other = await browser.newPage()
    await other.goto(served.origin)
    await other.getByTestId('lost-session').waitFor()
    expect(await other.getByTestId('lost-session').innerText()).toMatch(/manifold serve/)
    await other.close()
  })

  test('says so when the engine is gone', async () => {
    await served.close()
    await page.getByTestId('engine-gone').waitFor({ timeout: longMs })
  })

  test('has made no error of its own', () => {
    expect(problems).toEqual([])
  })
})
