import { expect, test } from 'vitest'
import {
  createDeviceGate,
  judge,
  memoryNotes,
  type DeviceNotes,
  type Findings,
} from '../../../src/core/models/device-gate.ts'
import { listDevices, missingProvider, providerOf } from '../../../src/core/models/device-list.ts'
import { countNodes } from '../../../src/core/models/profile.ts'
import { tiny } from '../../support/tiny-models.ts'

/** Whatever this platform ships besides the CPU; the gate looks no further than the list before it probes. */
const device = providerOf('auto')
const ships = device !== 'cpu'

const good: Findings = {
  nodes: { WebGpuExecutionProvider: 3, DmlExecutionProvider: 3, CPUExecutionProvider: 1 },
  worstCosine: 0.99999,
  textsPerSecond: 20,
  cpuTextsPerSecond: 10,
  reason: null,
  detail: null,
}
const bad = (reason: Findings['reason']): Findings => ({ ...good, nodes: {}, worstCosine: null, reason })

async function gateWith(
  probe: () => Findings | null | Promise<Findings | null>,
  notes: DeviceNotes = memoryNotes(),
) {
  let probes = 0
  let found = 0
  const gate = createDeviceGate({
    notes,
    probeLimitMs: 1000,
    onFound: () => void found++,
    probe: async () => {
      probes++
      return probe()
    },
  })
  const model = await tiny('tiny-mean')
  const request = { model, signature: 'a', threads: 1, device }
  return {
    gate,
    request,
    choose: (changes: Partial<typeof request> | { device: 'auto' } = {}, patient = true) =>
      gate.choose({ ...request, ...changes }, { patient }),
    probes: () => probes,
    found: () => found,
  }
}

test('[MO5] the list says what onnxruntime ships on each platform, and promises no CUDA', async () => {
  const ort = await import('onnxruntime-node')
  const backends = new Map(ort.listSupportedBackends().map(({ name, bundled }) => [name, bundled]))
  for (const provider of ['cpu', 'webgpu', 'dml', 'coreml', 'cuda'] as const) {
    const bundled = backends.get(provider)
    const expected = bundled === undefined ? 'not-built' : bundled ? null : 'not-bundled'
    expect([provider, missingProvider(provider)]).toEqual([provider, expected])
  }
  const usable = (platform: string) =>
    listDevices(() => null, platform)
      .filter(({ available }) => available)
      .map(({ id }) => id)
  expect(usable('linux-x64')).toEqual(['cpu', 'auto', 'webgpu'])
  expect(usable('linux-arm64')).toEqual(['cpu', 'auto'])
  expect(usable('darwin-arm64')).toEqual(['cpu', 'auto', 'webgpu', 'coreml'])
  expect(usable('win32-x64')).toEqual(['cpu', 'auto', 'webgpu', 'dml'])
  const of = (id: string, platform: string) => listDevices(() => null, platform).find((one) => one.id === id)
  expect(of('cuda', 'linux-x64')).toMatchObject({ available: false, reason: 'not-bundled' })
  expect(of('cuda', 'win32-x64')).toMatchObject({ available: false, reason: 'not-built' })
  expect(of('auto', 'win32-x64')).toMatchObject({ available: true, standsFor: 'dml' })
  expect(of('auto', 'linux-arm64')).toMatchObject({ available: true, standsFor: 'cpu' })
})

test('[MO5] a device is accepted for finite numbers that are the CPU’s, made by nodes that ran there', () => {
  const verdict = (changes: Partial<Findings>) =>
    judge({ ...good, ...changes }, { modelId: 'm', provider: 'webgpu' })
  expect(verdict({})).toMatchObject({ accepted: true, provider: 'webgpu', fallback: null, reason: null })
  expect(verdict({ worstCosine: 0.9989 })).toMatchObject({ accepted: false, reason: 'differs' })
  expect(verdict({ worstCosine: Number.NaN })).toMatchObject({ accepted: false, reason: 'differs' })
  expect(verdict({ nodes: { CPUExecutionProvider: 9 } })).toMatchObject({
    accepted: false,
    provider: 'cpu',
    fallback: 'nothing-ran',
  })
  expect(verdict({ reason: 'not-finite' })).toMatchObject({ accepted: false, reason: 'not-finite' })
})

test('counts the nodes of a profile by provider, and copies to a device as no work', () => {
  const node = (name: string, provider?: string) => ({
    cat: 'Node',
    name,
    args: provider ? { provider } : {},
  })
  const profile = JSON.stringify([
    { cat: 'Session', name: 'model_run', args: {} },
    node('Add_1_kernel_time', 'WebGpuExecutionProvider'),
    node('Add_1_fence_before', 'WebGpuExecutionProvider'),
    node('Memcpy_2_kernel_time', 'WebGpuExecutionProvider'),
    node('Cast_3_kernel_time', 'CPUExecutionProvider'),
    node('Add_1_kernel_time', 'WebGpuExecutionProvider'),
  ])
  expect(countNodes([profile])).toEqual({ WebGpuExecutionProvider: 2, CPUExecutionProvider: 1 })
})

test.runIf(ships)('[MO5] a device is tried once for a model, and what was found is remembered', async () => {
  const notes = memoryNotes()
  const first = await gateWith(() => good, notes)
  expect(await first.choose()).toEqual({ device, fallback: null })
  expect(await first.choose()).toEqual({ device, fallback: null })
  expect(first.probes()).toBe(1)
  await first.choose({ signature: 'another model' })
  expect(first.probes()).toBe(2)
  // As after a restart.
  const second = await gateWith(() => bad('differs'), notes)
  expect(await second.choose()).toEqual({ device, fallback: null })
  expect(second.probes()).toBe(0)
})

test.runIf(ships)(
  'the CPU answers while a device is being tried, and whoever waits shares one probe',
  async () => {
    let release: (found: Findings) => void = () => {}
    const { gate, choose, probes, found } = await gateWith(
      () => new Promise<Findings>((resolve) => (release = resolve)),
    )
    expect(await choose({}, false)).toEqual({ device: 'cpu', fallback: { reason: 'testing', detail: null } })
    expect(await choose({}, false)).toMatchObject({ device: 'cpu' })
    const waiting = [choose(), choose()]
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([probes(), found()]).toEqual([1, 0])
    release(good)
    expect(await Promise.all(waiting)).toEqual([
      { device, fallback: null },
      { device, fallback: null },
    ])
    await gate.settled()
    expect(probes()).toBe(1)
    expect(found()).toBeGreaterThanOrEqual(1)
  },
)

test.runIf(ships)('a missing device is looked for once, until somebody asks again', async () => {
  let there = false
  const { gate, choose, probes } = await gateWith(() => (there ? good : bad('no-device')))
  expect(await choose()).toMatchObject({ device: 'cpu', fallback: { reason: 'no-device' } })
  expect(await choose({ signature: 'another model' })).toMatchObject({ fallback: { reason: 'no-device' } })
  expect(probes()).toBe(1)
  expect((await gate.list()).find(({ id }) => id === device)).toMatchObject({
    available: false,
    reason: 'no-device',
  })
  there = true
  await gate.chosen(device)
  expect(await choose()).toEqual({ device, fallback: null })
  expect((await gate.list()).find(({ id }) => id === device)).toMatchObject({ available: true })
})

test.runIf(ships)('[MO5] automatic takes a device only where it is faster', async () => {
  const slow = await gateWith(() => ({ ...good, textsPerSecond: 5 }))
  expect(await slow.choose({ device: 'auto' })).toMatchObject({
    device: 'cpu',
    fallback: { reason: 'slower' },
  })
  // By name it is a choice, and honoured.
  expect(await slow.choose()).toEqual({ device, fallback: null })
  const fast = await gateWith(() => good)
  expect(await fast.choose({ device: 'auto' })).toEqual({ device, fallback: null })
})

test.runIf(ships)('[MO5] three crashes and a device is refused until somebody asks', async () => {
  let crashes = true
  const { gate, request, choose, probes } = await gateWith(() => (crashes ? bad('crashed') : good))
  for (const signature of ['a', 'b', 'c'])
    expect(await choose({ signature })).toMatchObject({ device: 'cpu', fallback: { reason: 'crashed' } })
  expect(await choose({ signature: 'd' })).toMatchObject({ fallback: { reason: 'refused' } })
  expect(probes()).toBe(3)
  expect((await gate.list()).find(({ id }) => id === device)).toMatchObject({ reason: 'refused' })
  crashes = false
  expect(await gate.test(request)).toMatchObject({ accepted: true, device })
  expect(await choose()).toEqual({ device, fallback: null })
  expect(await choose({ signature: 'd' })).toEqual({ device, fallback: null })
})

test.runIf(ships)('a process that does not come back from opening a device has counted', async () => {
  const notes = memoryNotes()
  for (let i = 0; i < 3; i++) {
    // Each a process of its own that ended in the middle.
    const { gate } = await gateWith(() => good, notes)
    void gate.opening(device, () => new Promise(() => {}))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  // The last one's id is that of a process which is gone.
  const state = JSON.parse((await notes.note(`device.${device}`))!) as { running: { pid: number } }
  state.running.pid = 2 ** 22 + 1
  await notes.setNote(`device.${device}`, JSON.stringify(state))
  const { choose } = await gateWith(() => good, notes)
  expect(await choose()).toMatchObject({ device: 'cpu', fallback: { reason: 'refused' } })
})

test.runIf(ships)('opening a device and coming back counts for nothing, whatever came of it', async () => {
  const { gate, choose } = await gateWith(() => good)
  for (let i = 0; i < 5; i++) {
    await Promise.all([1, 2, 3].map((value) => gate.opening(device, async () => value)))
    await expect(gate.opening(device, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  }
  expect(await choose()).toEqual({ device, fallback: null })
})

test.runIf(ships)(
  'work that died on a device goes on with the CPU, and the device is back after it',
  async () => {
    const { gate, choose } = await gateWith(() => good)
    await choose()
    await gate.diedAtWork(device)
    await gate.diedAtWork(device)
    expect(await choose()).toMatchObject({ device: 'cpu', fallback: { reason: 'crashed' } })
    expect(await gate.workDone(device)).toBe(true)
    expect(await gate.workDone(device)).toBe(false)
    expect(await choose()).toEqual({ device, fallback: null })
    for (let i = 0; i < 2; i++) {
      await gate.diedAtWork(device)
      await gate.workDone(device)
    }
    expect(await choose()).toMatchObject({ fallback: { reason: 'refused' } })
  },
)

test.runIf(ships)('a probe that was given up is neither remembered nor counted', async () => {
  let closed = true
  const { gate, choose, request } = await gateWith(() => (closed ? null : good))
  for (let i = 0; i < 4; i++) await expect(choose()).rejects.toMatchObject({ code: 'cancelled' })
  closed = false
  expect(await choose()).toEqual({ device, fallback: null })
  expect(await gate.test({ ...request, device: 'auto' })).toMatchObject({ device: 'auto', accepted: true })
})
