/**
 * Models, as a person gets them in the window: downloaded from a hub with a broken connection, imported from a zip,
 * refused with the reason, used, removed. The hub is on this computer; the engine and the browser are real.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/core/package-layout.ts'
import { dropFiles, launchBrowser } from '../support/browser.ts'
import { serve, type Served } from '../support/host-serve.ts'
import { filesUnder, startHub, type HubServer } from '../support/hub-server.ts'
import { tinyModels } from '../support/tiny-models.ts'
import { zipOf } from '../support/zip.ts'

// The tiny model takes the place of a model of the catalogue that ships: same repository, small files.
const id = 'all-MiniLM-L6-v2'
const longMs = 30_000
const manifold = join(packageRoot(), 'src', 'cli', 'main.ts')
const graph = 'onnx/model.onnx'
const notes = {
  'lease.md': '# Lease\n\nEither side may end the lease with thirty days notice.\n',
  'roses.md': '# Roses\n\nPrune the roses in March, before the buds open.\n',
}

describe('models in the window', () => {
  let directory: string
  let hub: HubServer
  let served: Served
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'manifold-window-models-'))
    const folder = join(directory, 'notes')
    await mkdir(folder)
    await mkdir(join(directory, 'run'), { mode: 0o700 })
    for (const [name, text] of Object.entries(notes)) await writeFile(join(folder, name), text)
    hub = await startHub(`Xenova/${id}`, filesUnder(join(tinyModels, 'tiny-mean')))
    await promisify(execFile)(
      process.execPath,
      [manifold, 'models', 'source', 'custom', '--mirror', hub.address],
      {
        env: {
          ...process.env,
          MANIFOLD_LIBRARY: join(directory, 'library'),
          XDG_RUNTIME_DIR: join(directory, 'run'),
        },
      },
    )
    served = await serve(directory)
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(served.url)
    await page.getByTestId('empty-state').waitFor()
    await dropFiles(page, [folder])
    await page.getByTestId('rail-library').click()
    await page
      .locator('[data-testid="document-status"][data-status="indexed"]')
      .nth(1)
      .waitFor({ timeout: 60_000 })
    await page.getByTestId('rail-settings').click()
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await served?.close()
    await hub?.close()
    await rm(directory, { recursive: true, force: true })
  })

  const at = (testId: string) => page.getByTestId(testId)
  const importZip = async (name: string, files: Map<string, Buffer>) => {
    const chosen = page.waitForEvent('filechooser')
    await at('import-model').click()
    const bytes = zipOf([...files].map(([path, content]) => ({ name: `${name}/${path}`, bytes: content })))
    await (await chosen).setFiles({ name: `${name}.zip`, mimeType: 'application/zip', buffer: bytes })
    await at(`model-row-${name}`).waitFor({ timeout: longMs })
  }

  test('shows what can be had, with its warnings, and asks nobody', async () => {
    await at('show-catalogue').click()
    expect(await at('entry-jina-embeddings-v3').innerText()).toContain('not for commercial use')
    expect(await at('entry-Qwen3-Reranker-0.6B').innerText()).toContain('slow')
    expect(await at(`entry-${id}`).innerText()).toContain('reads no Chinese')
    expect(await at('offline').innerText()).toContain('0 requests')
    expect(hub.requests).toEqual([])
  })

  test('downloads through a connection that breaks, stops, and goes on where it was', async () => {
    hub.fault(graph, { kind: 'drop', afterBytes: 4_000 }, { kind: 'stall', afterBytes: 3_000 })
    await at(`download-${id}`).click()
    const state = at(`download-state-${id}`)
    await expect
      .poll(() => hub.requests.filter(({ url }) => url.startsWith('/cdn/')).length, { timeout: 15_000 })
      .toBe(2)
    expect(await at('offline').innerText()).toContain('Downloading')
    await at(`stop-${id}`).click()
    await expect.poll(() => state.getAttribute('data-state'), { timeout: longMs }).toBe('paused')
    expect(await state.innerText()).toContain('what has come is kept')
    await at(`resume-${id}`).click()
    await state.waitFor({ state: 'detached', timeout: 20_000 })
    await page.getByText('has come, but did not pass its self-test').waitFor()
    const ranges = hub.requests
      .filter(({ url }) => url.startsWith('/cdn/'))
      .map(({ headers }) => headers.range)
    expect(ranges).toEqual([undefined, 'bytes=4000-', 'bytes=7000-'])
    expect(await at(`entry-${id}`).innerText()).toContain('Installed')
  }, 60_000)

  test('[MO4] says why a model is refused, and uses it only when told to', async () => {
    const row = at(`model-row-${id}`)
    await expect
      .poll(() => row.innerText(), { timeout: longMs })
      .toContain('does not tell related texts from others')
    expect(await at(`model-${id}`).isDisabled()).toBe(true)
    await at(`override-${id}`).click()
    await expect.poll(() => at(`model-${id}`).isEnabled(), { timeout: longMs }).toBe(true)
    await at(`model-${id}`).click()
    await page.getByRole('radio', { name: 'Switch by itself' }).click()
    await at('rebuild-confirm').click()
    await expect.poll(() => row.innerText(), { timeout: longMs }).toContain('In use')
  }, 60_000)

  test('keeps answering from a model that is removed', async () => {
    await at(`remove-${id}`).click()
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    expect(await dialog.innerText()).toContain('keeps a copy of its own')
    await at('remove-model-confirm').click()
    await at(`model-row-${id}`).waitFor({ state: 'detached' })
    await at('rail-find').click()
    await at('search-input').fill('roses in March')
    await at('search-input').press('Enter')
    await expect.poll(() => at('hit-title').allInnerTexts(), { timeout: longMs }).toContain('Roses')
    await at('rail-settings').click()
  }, 30_000)

  test('imports a zip, asks how its vectors become one, and keeps the answer only if it works', async () => {
    const files = filesUnder(join(tinyModels, 'tiny-mean'))
    for (const path of ['modules.json', '1_Pooling/config.json']) files.delete(path)
    // It claims Latin, which the self-test has no related texts in; what claims English is held to it.
    await importZip('own', files)
    const config = JSON.parse(files.get('config.json')!.toString()) as object
    const claiming = { ...config, manifold: { languages: ['en'] } }
    await importZip('unsure', new Map(files).set('config.json', Buffer.from(JSON.stringify(claiming))))
    const question = 'Nothing says how this model makes one vector of many'
    for (const name of ['own', 'unsure']) {
      expect(await at(`model-row-${name}`).innerText()).toContain(question)
      expect(await at(`model-${name}`).isDisabled()).toBe(true)
      await at(`pooling-use-${name}`).click()
    }
    // The message goes away by itself, perhaps before the other model is tested.
    await Promise.all([
      expect.poll(() => at('model-own').isEnabled(), { timeout: longMs }).toBe(true),
      page.getByText('Its pooling or its prompts may be wrong.').waitFor({ timeout: longMs }),
    ])
    await expect.poll(() => at('model-row-unsure').innerText(), { timeout: longMs }).toContain(question)
  }, 60_000)

  test('[MO4] shows what a test found, and never uses a model whose numbers are none', async () => {
    await importZip('no-numbers', filesUnder(join(tinyModels, 'tiny-nan')))
    const row = at('model-row-no-numbers')
    expect(await row.innerText()).toContain('numbers that are not numbers')
    expect(await at('model-no-numbers').isDisabled()).toBe(true)
    expect(await at('override-no-numbers').count()).toBe(0)
    await at('run-test-own').click()
    const found = at('test-of-own')
    await expect.poll(() => found.innerText(), { timeout: longMs }).toContain('Passed every check')
    expect(await found.innerText()).toContain('Tells related texts from others')
    await at('run-test-no-numbers').click()
    await expect
      .poll(() => at('test-of-no-numbers').innerText(), { timeout: longMs })
      .toContain('1 check failed')
  }, 60_000)

  test('refuses a zip that is none, keeps nothing of it, and says so', async () => {
    const chosen = page.waitForEvent('filechooser')
    await at('import-model').click()
    await (
      await chosen
    ).setFiles({ name: 'broken.zip', mimeType: 'application/zip', buffer: Buffer.from('no zip') })
    await page.getByText('The zip file is damaged, or is none.').waitFor()
    expect(await at('model-row-broken').count()).toBe(0)
    expect(problems).toEqual([])
  }, 30_000)
})
