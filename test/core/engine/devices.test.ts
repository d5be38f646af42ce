/**
 * Devices through the real engine. The GPU is Vulkan in software (SwiftShader), so that what is wrong with a provider shows
 * here; faults that no provider at hand has are put in between. Only speed needs hardware.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createEngine } from '../../../src/core/engine.ts'
import { createModels } from '../../../src/core/engine/models.ts'
import { createProbe } from '../../../src/core/engine/probe.ts'
import type { DeviceTest } from '../../../src/shared/devices.ts'
import type { DoctorReport, Status } from '../../../src/shared/status.ts'
import { providerOf } from '../../../src/core/models/device-list.ts'
import { hostWithProber } from '../../support/faulty-host.ts'
import type { Fault } from '../../support/prober-faulty.ts'
import { softwareVulkan } from '../../support/software-vulkan.ts'
import { tiny } from '../../support/tiny-models.ts'

const runner = fileURLToPath(new URL('../../support/device-runner.ts', import.meta.url))
const vulkan = softwareVulkan()
/** Elsewhere a real device may answer. */
const isLinux = process.platform === 'linux'

/** What a probe writes is gone afterwards, also of one that was killed. */
const leftIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^(manifold-pro|profile)/.test(name))

async function run<T>(variables: Record<string, string>, ...parameters: string[]): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'manifold-run-'))
  try {
    const result = await start<T>({ ...variables, TMPDIR: folder }, parameters)
    expect(leftIn(folder)).toEqual([])
    return result
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function start<T>(variables: Record<string, string>, parameters: string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [runner, ...parameters],
      { env: { ...process.env, ...variables } },
      (error, out, err) => {
        if (error) reject(new Error(`${parameters[0]}: ${err.slice(-2000)}`, { cause: error }))
        else resolve(JSON.parse(out) as T)
      },
    )
  })
}

const closing: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describe.runIf(vulkan)('on Vulkan in software', () => {
  test('[MO5] models run there by their profile, and give the CPU’s numbers', async () => {
    const models = ['manifold-static-256', 'tiny-mean', 'tiny-cross-encoder', 'tiny-decoder', 'tiny-nan']
    const tests = await run<DeviceTest[]>(vulkan!, 'test', ...models)
    expect(tests.map(({ modelId }) => modelId)).toEqual(models)
    const [nan, ...usable] = tests.toReversed()
    for (const test of usable) {
      expect(test).toMatchObject({ device: 'webgpu', provider: 'webgpu', accepted: true, reason: null })
      expect(test.nodes['WebGpuExecutionProvider']).toBeGreaterThan(10)
      expect(test.worstCosine).toBeGreaterThan(0.999999)
      expect(test.textsPerSecond).toBeGreaterThan(0)
      expect(test.cpuTextsPerSecond).toBeGreaterThan(0)
    }
    expect(nan).toMatchObject({ accepted: false, reason: 'not-finite' })
  }, 240_000)

  test('[MO5] a library moves to the device and back to it after a restart, and answers all along', async () => {
    const seen = await run<{
      onCpu: { title: string; cosine: number }[]
      atOnce: Status['live']
      meanwhile: { title: string; cosine: number }[]
      settled: Status['live']
      onDevice: { title: string; cosine: number }[]
      selfTest: { ok: boolean; batching: string; canary: { worstCosine: number; changed: string[] } }
      restarted: Status['live']
      doctor: DoctorReport
      chinese: { title: string }[]
    }>(vulkan!, 'use')
    expect(seen.onCpu[0]!.title).toBe('Lease')
    // While it is tried the CPU answers.
    expect(seen.atOnce).toMatchObject({ device: 'webgpu', provider: 'cpu', fallback: 'testing' })
    expect(seen.meanwhile).toEqual(seen.onCpu)
    expect(seen.settled).toMatchObject({ device: 'webgpu', provider: 'webgpu', fallback: null })
    // The space is the same: what the CPU has embedded is searched, nothing is made anew.
    expect(seen.settled.space).toBe(seen.atOnce.space)
    expect(seen.onDevice[0]!.title).toBe('Lease')
    expect(seen.onDevice[0]!.cosine).toBeCloseTo(seen.onCpu[0]!.cosine, 5)
    expect(seen.selfTest).toMatchObject({ ok: true, batching: 'padded' })
    expect(seen.selfTest.canary.worstCosine).toBeGreaterThan(0.9999)
    expect(seen.selfTest.canary.changed).toEqual(['provider', 'device'])
    // Known by then: not tried again.
    expect(seen.restarted).toMatchObject({ provider: 'webgpu', fallback: null })
    expect(seen.doctor.checks.filter(({ name }) => name.startsWith('device of'))).toEqual([
      { name: 'device of manifold-static-256', ok: true, detail: 'webgpu runs it' },
    ])
    expect(seen.chinese[0]!.title).toBe('租房合同')
  }, 240_000)

  test('[MO5] an indexer that dies on the device goes on without it; after three the device is refused', async () => {
    const seen = await run<{
      rounds: { killed: boolean; documents: Status['documents'] }[]
      refused: Status['live']
      list: { devices: { id: string; available: boolean; reason: string | null }[] }
      test: DeviceTest
      again: Status['live']
    }>(vulkan!, 'killed')
    expect(seen.rounds.map(({ killed }) => killed)).toEqual([true, true, true])
    seen.rounds.forEach(({ documents }, round) =>
      expect(documents).toMatchObject({ indexed: (round + 1) * 10, failed: 0, waiting: 0 }),
    )
    expect(seen.refused).toMatchObject({ device: 'webgpu', provider: 'cpu', fallback: 'refused' })
    expect(seen.list.devices.find(({ id }) => id === 'webgpu')).toMatchObject({
      available: false,
      reason: 'refused',
    })
    expect(seen.test).toMatchObject({ accepted: true })
    expect(seen.again).toMatchObject({ provider: 'webgpu', fallback: null })
  }, 240_000)
})

test.runIf(isLinux)(
  '[MO5] without a device the provider refuses, and the CPU does the work',
  async () => {
    const nowhere = { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '/nonexistent.json' }
    const seen = await run<{
      live: Status['live']
      documents: Status['documents']
      test: DeviceTest
      list: { devices: { id: string; reason: string | null }[] }
      doctor: DoctorReport
    }>(nowhere, 'missing')
    const reason = process.arch === 'x64' ? 'no-device' : 'not-built'
    expect(seen.live).toMatchObject({ device: 'webgpu', provider: 'cpu', fallback: reason })
    expect(seen.documents).toMatchObject({ indexed: 1, failed: 0 })
    expect(seen.test).toMatchObject({ accepted: false, provider: 'cpu', reason, fallback: reason, nodes: {} })
    expect(seen.list.devices.find(({ id }) => id === 'webgpu')).toMatchObject({ reason })
    expect(seen.doctor.checks.find(({ name }) => name === 'device of manifold-static-256')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('webgpu was asked for, cpu runs it'),
    })
  },
  120_000,
)

describe('with a prober that has a fault', () => {
  const device = providerOf('auto')
  const ships = device !== 'cpu'

  async function engineWith(fault: () => Fault) {
    const libraryDir = realpathSync(mkdtempSync(join(tmpdir(), 'manifold-fault-')))
    closing.push(() => rmSync(libraryDir, { recursive: true, force: true }))
    const host = hostWithProber(fault)
    const engine = await createEngine({ host, libraryDir, version: 'test', watch: false })
    closing.push(() => engine.close())
    return { engine, host }
  }

  test.runIf(ships)(
    '[MO5] the CPU is used, with the reason',
    async () => {
      let fault: Fault = 'wrong'
      const { engine } = await engineWith(() => fault)
      await engine.settings.update({ rerankerModel: null })
      const expected = [
        ['wrong', 'differs'],
        ['not-finite', 'not-finite'],
        ['nothing-runs', 'nothing-ran'],
        ['crashes', 'crashed'],
      ] as const
      for (const [wrong, reason] of expected) {
        fault = wrong
        expect([wrong, await engine.devices.test({ device })]).toMatchObject([
          wrong,
          { device, modelId: 'manifold-static-256', accepted: false, reason, fallback: reason },
        ])
        await engine.settings.update({ device })
        await engine.devicesSettled()
        const { live } = await engine.system.status()
        expect([wrong, live]).toMatchObject([wrong, { device, provider: 'cpu', fallback: reason }])
      }
    },
    120_000,
  )

  test.runIf(ships)(
    '[MO5] small differences are within the tolerance',
    async () => {
      const { engine } = await engineWith(() => 'slightly-wrong')
      const { accepted, worstCosine, nodes } = await engine.devices.test({ device })
      expect(accepted).toBe(true)
      expect(worstCosine).toBeGreaterThan(0.9999)
      expect(worstCosine).toBeLessThan(1)
      expect(Object.values(nodes)).toEqual([expect.any(Number)])
    },
    60_000,
  )

  test.runIf(ships)(
    '[MO5] three crashes refuse the device without a fourth, until it is asked for',
    async () => {
      const { engine, host } = await engineWith(() => 'crashes')
      await engine.settings.update({ rerankerModel: null, device })
      await engine.devicesSettled()
      expect(host.probers()).toBe(1)
      for (const id of ['manifold-static-128', 'manifold-late-interaction', 'manifold-context-384'])
        await engine.models.test({ id })
      // The CPU tested the last one: the device had been refused by then.
      expect(host.probers()).toBe(3)
      const { devices } = await engine.devices.list()
      expect(devices.find(({ id }) => id === device)).toMatchObject({ available: false, reason: 'refused' })
      expect(await engine.devices.test({ device })).toMatchObject({ accepted: false, reason: 'crashed' })
      expect(host.probers()).toBe(4)
    },
    120_000,
  )

  test.runIf(ships && isLinux)(
    '[MO5] what the child found is not believed where this process cannot open it',
    async () => {
      const models = createModels({ host: hostWithProber(() => 'none'), libraryDir: null })
      closing.push(() => models.close())
      const embedder = await models.embedder('manifold-static-256', { threads: 1, device })
      expect(embedder.provider).toBe('cpu')
      expect(embedder.fallback).toMatchObject({ reason: 'no-device' })
    },
    60_000,
  )

  test('[MO5] a device that never answers is given up', async () => {
    const probe = createProbe(
      hostWithProber(() => 'hangs'),
      2_000,
    )
    const model = await tiny('tiny-mean')
    const folder = mkdtempSync(join(tmpdir(), 'manifold-hung-'))
    closing.push(() => rmSync(folder, { recursive: true, force: true }))
    vi.stubEnv('TMPDIR', folder)
    closing.push(() => void vi.unstubAllEnvs())
    const findings = await probe.run({ model, provider: 'webgpu', threads: 1 })
    expect(findings).toMatchObject({ reason: 'hung', nodes: {} })
    expect(leftIn(folder)).toEqual([])
  })

  test('a probe under way when the program ends is neither waited for nor counted', async () => {
    const probe = createProbe(hostWithProber(() => 'hangs'))
    const running = probe.run({ model: await tiny('tiny-mean'), provider: 'webgpu', threads: 1 })
    setTimeout(() => probe.close(), 500)
    expect(await running).toBeNull()
  })

  test('a provider that is not in the binary is not looked for in another process', async () => {
    const host = hostWithProber(() => 'crashes')
    const models = createModels({ host, libraryDir: null })
    closing.push(() => models.close())
    const missing = process.platform === 'win32' ? 'coreml' : 'dml'
    const embedder = await models.embedder('manifold-static-256', { threads: 1, device: missing })
    expect([embedder.provider, embedder.fallback]).toEqual(['cpu', { reason: 'not-built', detail: null }])
    expect(await models.testDevice('manifold-static-256', { threads: 1, device: missing })).toMatchObject({
      accepted: false,
      reason: 'not-built',
    })
    expect(host.probers()).toBe(0)
  })
})
