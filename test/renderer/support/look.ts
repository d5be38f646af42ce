/**
 * Pictures of the window to look at: `node test/renderer/support/look.ts <url> <folder>` with the address that
 * `manifold serve` prints. Each step is one picture.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { launchBrowser } from '../../support/browser.ts'

const [url, folder, only] = process.argv.slice(2)
if (!url || !folder) throw new Error('usage: look.ts <url> <folder> [steps]')
mkdirSync(folder, { recursive: true })
const browser = await launchBrowser()
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
page.on('console', (message) => {
  if (message.type() === 'error' || message.type() === 'warning') console.log(message.type(), message.text())
})
page.on('pageerror', (error) => console.log('pageerror', error.message))
page.setDefaultTimeout(8000)

const shot = async (name: string) => {
  await page.waitForTimeout(350)
  await page.screenshot({ path: join(folder, `${name}.png`) })
}
const ask = async (query: string) => {
  await page.getByTestId('search-input').fill(query)
  await page.getByTestId('search-input').press('Enter')
  await page.waitForTimeout(900)
}
const language = async (name: string) => {
  await page.getByTestId('rail-settings').click()
  await page.getByTestId('language-select').getByText(name, { exact: true }).click()
  await page.waitForTimeout(300)
}
const theme = async (index: number) => {
  await page.getByTestId('rail-settings').click()
  await page.getByTestId('theme-select').locator('label').nth(index).click()
  await page.waitForTimeout(300)
}

const steps: Record<string, (page: Page) => Promise<void>> = {
  async find() {
    await page.getByTestId('rail-find').click()
    await ask('notice to terminate when rent is late')
    await shot('find')
    await page.getByTestId('hit').first().getByTestId('why').click()
    await page.locator('details summary').first().click()
    await shot('find-why')
  },
  async pdf() {
    await page.getByTestId('rail-find').click()
    await ask('two columns abstract gap reading order')
    const hit = page.getByTestId('hit').filter({ hasText: /Two Columns|Table|Records/ })
    await hit.first().getByTestId('hit-title').click()
    await page.waitForTimeout(2500)
    await shot('pdf')
  },
  async pdfzh() {
    await page.getByTestId('rail-library').click()
    for (const name of ['chinese-gbk', 'chinese-ucs2', 'table', 'rotated', 'basicapi', 'chinese-vertical']) {
      await page.getByTestId('library-filter').fill(name)
      await page.waitForTimeout(600)
      await page.getByTestId('document-row').first().locator('button').first().click()
      await page.waitForTimeout(1500)
      await shot(`pdf-${name}`)
      await page.getByTestId('reader-close').click()
    }
    await page.getByTestId('library-filter').fill('')
  },
  async exact() {
    await page.getByTestId('mode-exact').click()
    await ask('notice')
    await shot('exact')
    await page.getByTestId('mode-smart').click()
  },
  async library() {
    await page.getByTestId('rail-library').click()
    await page.waitForTimeout(500)
    await shot('library')
    await page.getByTestId('library-scope').locator('label').nth(1).click()
    await page.waitForTimeout(500)
    await shot('problems')
  },
  async jobs() {
    await page.getByTestId('rail-jobs').click()
    await shot('jobs')
  },
  async settings() {
    await page.getByTestId('rail-settings').click()
    await shot('settings')
    await page.evaluate(() => document.getElementById('settings-model')?.scrollIntoView())
    await shot('settings-model')
    await page.evaluate(() => document.getElementById('settings-advanced')?.scrollIntoView())
    await shot('settings-advanced')
  },
  async rebuild() {
    await page.getByTestId('rail-settings').click()
    await page.getByTestId('model-select').locator('[aria-checked="false"]').first().click()
    await shot('rebuild')
    await page.keyboard.press('Escape')
  },
  async commands() {
    await page.keyboard.press('Control+k')
    await page.waitForTimeout(400)
    await shot('commands')
    await page.keyboard.press('Escape')
  },
  async zh() {
    await language('中文')
    await shot('zh-settings')
    await page.getByTestId('rail-find').click()
    await ask('怎样避免模型过拟合')
    await page.getByTestId('hit').first().getByTestId('why').click()
    await shot('zh-find')
  },
  async dark() {
    await theme(2)
    await shot('dark-settings')
    await page.getByTestId('rail-find').click()
    await ask('notice to terminate when rent is late')
    await page.getByTestId('hit').first().click()
    await shot('dark-find')
    await page.getByTestId('rail-library').click()
    await shot('dark-library')
  },
  async narrow() {
    await language('English')
    await theme(1)
    await page.setViewportSize({ width: 900, height: 760 })
    await page.getByTestId('rail-find').click()
    await ask('notice to terminate when rent is late')
    await shot('narrow-list')
    await page.getByTestId('hit-title').first().click()
    await shot('narrow-reader')
    await page.setViewportSize({ width: 660, height: 600 })
    await shot('tiny-reader')
    await page.getByTestId('reader-close').click()
    await shot('tiny-list')
    await page.setViewportSize({ width: 1280, height: 800 })
  },
  async zhall() {
    await language('中文')
    await page.evaluate(() => document.getElementById('settings-model')?.scrollIntoView())
    await shot('zh-model')
    await page.evaluate(() => document.getElementById('settings-advanced')?.scrollIntoView())
    await page.getByTestId('run-self-test').click()
    await page.waitForTimeout(1500)
    await page.evaluate(() => document.querySelector('[data-testid="self-test"]')?.scrollIntoView())
    await shot('zh-selftest')
    await page.getByTestId('rail-library').click()
    await page.getByTestId('library-scope').locator('label').nth(1).click()
    await page.waitForTimeout(500)
    await shot('zh-problems')
    await page.getByTestId('document-actions').first().click()
    await page.getByTestId('document-forget').click()
    await shot('zh-forget')
    await page.keyboard.press('Escape')
    await page.getByTestId('rail-find').click()
    await ask('量子力学与咖啡')
    await shot('zh-nothing')
    await ask('encrypted')
    await shot('zh-names')
  },
}

await page.goto(url)
await page.waitForTimeout(1500)
for (const [name, step] of Object.entries(steps)) {
  if (only && !only.split(',').includes(name)) continue
  try {
    await step(page)
  } catch (error) {
    console.log('FAILED', name, String(error).slice(0, 400))
    await shot(`failed-${name}`)
  }
}
await browser.close()
