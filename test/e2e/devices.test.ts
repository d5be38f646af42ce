/**
 * A device tried in the window: what ran, how alike its vectors are, how fast; then chosen, and what is in use said. The
 * GPU is Vulkan in software, as it comes with the test browser; a machine without any is the other half.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dropFiles, launchBrowser } from '../support/browser.ts'
import { serve, type Served } from '../support/host-serve.ts'
import { softwareVulkan } from '../support/software-vulkan.ts'

const longMs = 60_000
const vulkan = softwareVulkan()

describe.skipIf(vulkan === null).each([
  ['with a GPU', vulkan ?? {}],
  // Whatever the machine has: a driver that is not there.
  ['without one', { VK_ICD_FILENAMES: '/nowhere/driver.json', VK_DRIVER_FILES: '/nowhere/driver.json' }],
])('on a computer %s', (kind, environment) => {
  let directory: string
  let served: Served
  let browser: Browser
  let page: Page
  const hasGpu = kind === 'with a GPU'

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'manifold-window-devices-'))
    const folder = join(directory, 'notes')
    await mkdir(folder)
    await writeFile(join(folder, 'roses.md'), '# Roses\n\nPrune the roses in March, before the buds open.\n')
    served = await serve(directory, environment)
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
    page.setDefaultTimeout(20_000)
    await page.goto(served.url)
    await page.getByTestId('empty-state').waitFor()
    await dropFiles(page, [folder])
    await page.getByTestId('progress').filter({ hasText: '1 file read' }).waitFor({ timeout: longMs })
    await page.getByTestId('rail-settings').click()
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await served?.close()
    await rm(directory, { recursive: true, force: true })
  })

  test(
    '[MO5] shows what a test of a device found',
    async () => {
      await page.getByTestId('test-device-webgpu').click()
      const report = page.getByTestId('device-report')
      await report.waitFor({ timeout: longMs })
      const text = await report.innerText()
      const row = await page.getByTestId('device-row-webgpu').innerText()
      if (hasGpu) {
        expect(text).toMatch(/Ran on Graphics \(WebGPU\): \d+ of \d+ steps/)
        expect(text).toMatch(/Likeness to the vectors of the processor: (1\.0|0\.9999\d*)\./)
        expect(text).toMatch(/[\d.,]+ passages a second, on the processor [\d.,]+/)
      } else {
        expect(text).toContain('the processor works instead')
        expect(row).toContain('No such device was found here, or it has no driver.')
        expect(await page.getByTestId('device-webgpu').isDisabled()).toBe(true)
      }
    },
    2 * longMs,
  )

  test(
    '[MO5] says what is in use once it is chosen, and search goes on',
    async () => {
      await page.getByTestId(hasGpu ? 'device-webgpu' : 'device-auto').click()
      const inUse = page.getByTestId('device-in-use')
      await inUse
        .filter({
          hasText: hasGpu
            ? 'In use: Graphics (WebGPU).'
            : 'Automatic was asked for, but Processor is in use. No such device was found here',
        })
        .waitFor({ timeout: longMs })
      await page.getByTestId('rail-find').click()
      await page.getByTestId('search-input').fill('when to cut back roses')
      await page.getByTestId('search-input').press('Enter')
      await expect
        .poll(() => page.getByTestId('hit-title').allInnerTexts(), { timeout: longMs })
        .toEqual(['Roses'])
    },
    2 * longMs,
  )
})
