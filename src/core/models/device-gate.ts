/**
 * Which device a model is opened on [MO5]. Nothing runs on another device than the CPU before a child process has tried
 * it there: a driver's crash takes its process along. What was found is kept with the library; a device that crashed or
 * hung three times within a week is refused until a person asks for a test.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { arch, platform, release } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DeviceId, DeviceInfo, DeviceReason, DeviceTest } from '../../shared/devices.ts'
import { AppError } from '../../shared/errors.ts'
import { listDevices, missingProvider, profileNames, providerOf, type Provider } from './device-list.ts'
import type { Model } from './load.ts'
import { hardware } from './records.ts'
import type { Fallback } from './session.ts'
import { canonical } from './space.ts'

/** What a probe saw; `reason` where it got no further. */
export interface Findings {
  nodes: Record<string, number>
  worstCosine: number | null
  textsPerSecond: number | null
  cpuTextsPerSecond: number | null
  reason: DeviceReason | null
  detail: string | null
}

/** Of a probe that has seen nothing run. */
export const noFindings = (reason: DeviceReason | null, detail: string | null = null): Findings => ({
  nodes: {},
  worstCosine: null,
  textsPerSecond: null,
  cpuTextsPerSecond: null,
  reason,
  detail,
})

export interface DeviceRequest {
  model: Model
  /** Of the space, or of a reranker's files. */
  signature: string
  threads: number
  device: DeviceId
}

export interface Choice {
  device: Provider
  fallback: Fallback | null
}

export interface DeviceGate {
  /** `patient` false: what is not known yet is found out beside, and the CPU answers meanwhile. */
  choose(request: DeviceRequest, options: { patient: boolean }): Promise<Choice>
  /** A person chose it: what went wrong before is no reason not to try. */
  chosen(device: DeviceId): Promise<void>
  /** A person asks: tried anew, whatever happened before. */
  test(request: DeviceRequest): Promise<DeviceTest>
  list(): Promise<DeviceInfo[]>
  /** Counts against a device if this process does not come back from `open`. */
  opening<T>(provider: Provider, open: () => Promise<T>): Promise<T>
  /** A process died that worked on it: the CPU goes on with that work. */
  diedAtWork(device: DeviceId): Promise<void>
  /** The work is done; true when the device may be used again that could not be meanwhile. */
  workDone(device: DeviceId): Promise<boolean>
  /** Ends when nothing is being found out. */
  settled(): Promise<void>
}

/** The part of the library that remembers. */
export interface DeviceNotes {
  note(key: string): Promise<string | null>
  setNote(key: string, value: string): Promise<void>
}

/** A vector made elsewhere is used if it points where the CPU's does; a score if it is no further off than this leaves. */
export const acceptedCosine = 0.999
const maxStrikes = 3
const strikeMs = 7 * 24 * 3600_000
/** A driver may have been installed since. */
const refusalMs = 24 * 3600_000
/** Bump when a probe looks at more. */
const probeVersion = 1

interface State {
  strikes: { id: string; at: number }[]
  /** The process that is trying or opening it. */
  running: { id: string; pid: number; at: number } | null
  /** It died at work that is not done yet. */
  aside: boolean
  /** When it was last found not to be there, and what was said. */
  absent: { at: number; detail: string | null } | null
  /** When a person last asked for it: no refusal from before stands. */
  askedAt: number
}

/** Without loading it. */
const runtimeVersion = (): string =>
  (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version

export function createDeviceGate({
  notes,
  probe,
  probeLimitMs,
  onFound = () => {},
}: {
  notes: DeviceNotes
  /** In a child process. A crash and a hang are findings; null: it was given up before there was one. */
  probe(request: { model: Model; provider: Provider; threads: number }): Promise<Findings | null>
  /** A probe takes no longer. */
  probeLimitMs: number
  /** Something was found out beside that `choose` did not wait for. */
  onFound?(): void
}): DeviceGate {
  const underWay = new Map<string, Promise<DeviceTest>>()

  const stateKey = (provider: Provider): string => `device.${provider}`
  async function stateOf(provider: Provider): Promise<State> {
    const text = await notes.note(stateKey(provider))
    const state: State = { strikes: [], running: null, aside: false, absent: null, askedAt: 0 }
    if (text !== null) Object.assign(state, JSON.parse(text))
    state.strikes = state.strikes.filter(({ at }) => Date.now() - at < strikeMs)
    return state
  }
  let changing: Promise<void> = Promise.resolve()
  /** One after another: each reads what the one before has written. */
  function change(provider: Provider, edit: (state: State) => void): Promise<void> {
    const turn = changing.then(async () => {
      const state = await stateOf(provider)
      edit(state)
      await notes.setNote(stateKey(provider), JSON.stringify(state))
    })
    changing = turn.catch(() => {})
    return turn
  }

  /** Counted already, but not over: see `counted`. */
  const inHand = new Set<string>()
  const isRefused = ({ strikes, running }: State): boolean => {
    const elsewhere = running && isAlive(running.pid) ? running.id : null
    return strikes.filter(({ id }) => id !== elsewhere && !inHand.has(id)).length >= maxStrikes
  }

  /** Counted before, taken back after: what never returns has counted. */
  async function counted<T>(
    provider: Provider,
    work: () => Promise<T>,
    isStrike: (result: T) => boolean,
  ): Promise<T> {
    const id = randomUUID()
    const at = Date.now()
    inHand.add(id)
    await change(provider, (state) => {
      state.strikes.push({ id, at })
      state.running = { id, pid: process.pid, at }
    })
    let strike = false
    try {
      const result = await work()
      strike = isStrike(result)
      return result
    } finally {
      inHand.delete(id)
      await change(provider, (state) => {
        if (!strike) state.strikes = state.strikes.filter((one) => one.id !== id)
        if (state.running?.id === id) state.running = null
      })
    }
  }

  /** Two processes that tried one device at once would count each other's crashes. */
  async function untilFree(provider: Provider): Promise<void> {
    for (;;) {
      const { running } = await stateOf(provider)
      if (!running || running.pid === process.pid || !isAlive(running.pid)) return
      if (Date.now() - running.at > probeLimitMs) return
      await sleep(200)
    }
  }

  const testKey = (provider: Provider, signature: string): string =>
    `device-test.${provider}.${createHash('sha256').update(signature).digest('hex').slice(0, 16)}`
  /** Everything that could make the same model show something else; the system's release stands for its drivers. */
  const circumstances = (): string =>
    canonical([probeVersion, runtimeVersion(), hardware(), `${platform()} ${release()} ${arch()}`])

  async function remembered({ signature, device }: DeviceRequest, state: State): Promise<DeviceTest | null> {
    const text = await notes.note(testKey(providerOf(device), signature))
    if (text === null) return null
    const { key, test } = JSON.parse(text) as { key: string; test: DeviceTest }
    if (key !== circumstances()) return null
    const at = Date.parse(test.measuredAt)
    return test.reason === null || (at > state.askedAt && Date.now() - at < refusalMs) ? test : null
  }

  const isAbsent = ({ absent }: State): boolean => absent !== null && Date.now() - absent.at < refusalMs

  async function find(request: DeviceRequest): Promise<DeviceTest> {
    const { model, signature, threads, device } = request
    const provider = providerOf(device)
    await untilFree(provider)
    const findings = await counted(
      provider,
      () => probe({ model, provider, threads }),
      (found) => found?.reason === 'crashed' || found?.reason === 'hung',
    )
    if (!findings) throw new AppError('cancelled', 'stopped while a device was being tried')
    const test = judge(findings, { modelId: model.id, provider })
    const { reason, detail } = test
    await change(provider, (state) => {
      state.absent = reason === 'no-device' ? { at: Date.now(), detail } : null
    })
    // That there is no device says nothing of the model.
    if (reason !== 'no-device')
      await notes.setNote(testKey(provider, signature), JSON.stringify({ key: circumstances(), test }))
    return test
  }

  /** One probe of a model and a device at a time, whoever asks. */
  function findOnce(request: DeviceRequest): Promise<DeviceTest> {
    const key = testKey(providerOf(request.device), request.signature)
    let one = underWay.get(key)
    if (!one) {
      one = find(request).finally(() => underWay.delete(key))
      underWay.set(key, one)
    }
    return one
  }

  async function asked(device: DeviceId): Promise<void> {
    const provider = providerOf(device)
    if (provider === 'cpu') return
    await change(provider, (state) => {
      Object.assign(state, { strikes: [], aside: false, absent: null, askedAt: Date.now() })
    })
  }

  return {
    async choose(request, { patient }) {
      const provider = providerOf(request.device)
      const onCpu = (reason: DeviceReason, detail: string | null = null): Choice => ({
        device: 'cpu',
        fallback: { reason, detail },
      })
      if (provider === 'cpu') return { device: 'cpu', fallback: null }
      const missing = missingProvider(provider)
      if (missing) return onCpu(missing)
      const found = async (): Promise<Choice | null> => {
        const state = await stateOf(provider)
        if (isRefused(state)) return onCpu('refused')
        if (state.aside) return onCpu('crashed')
        if (isAbsent(state)) return onCpu('no-device', state.absent!.detail)
        const test = await remembered(request, state)
        return test && choiceBy(test)
      }
      const choiceBy = (test: DeviceTest): Choice => {
        const { reason, detail } = forDevice(test, request.device)
        return reason === null ? { device: provider, fallback: null } : onCpu(reason, detail)
      }
      const known = await found()
      if (known) return known
      if (!patient) {
        findOnce(request).then(onFound, () => {})
        return onCpu('testing')
      }
      // Another process may have found it out meanwhile.
      await untilFree(provider)
      return (await found()) ?? choiceBy(await findOnce(request))
    },

    chosen: asked,

    async test(request) {
      const provider = providerOf(request.device)
      const missing = missingProvider(provider)
      if (missing) {
        const nothing = judge(noFindings(missing), { modelId: request.model.id, provider })
        return forDevice(nothing, request.device)
      }
      await asked(request.device)
      return forDevice(await findOnce(request), request.device)
    },

    async list() {
      const reasons = new Map<Provider, DeviceReason>()
      for (const provider of Object.keys(profileNames) as Provider[]) {
        const state = await stateOf(provider)
        if (isRefused(state)) reasons.set(provider, 'refused')
        else if (isAbsent(state)) reasons.set(provider, 'no-device')
      }
      return listDevices((provider) => reasons.get(provider) ?? null)
    },

    async opening(provider, open) {
      if (provider === 'cpu') return open()
      await untilFree(provider)
      return counted(provider, open, () => false)
    },

    async diedAtWork(device) {
      const provider = providerOf(device)
      if (provider === 'cpu') return
      await change(provider, (state) => {
        if (state.aside) return
        state.aside = true
        state.strikes.push({ id: randomUUID(), at: Date.now() })
      })
    },

    async workDone(device) {
      const provider = providerOf(device)
      if (provider === 'cpu' || !(await stateOf(provider)).aside) return false
      await change(provider, (state) => {
        state.aside = false
      })
      return true
    },

    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay.values())
    },
  }
}

/** The verdict on a provider. */
export function judge(
  findings: Findings,
  { modelId, provider }: { modelId: string; provider: Provider },
): DeviceTest {
  const ran = (findings.nodes[profileNames[provider]] ?? 0) > 0
  const reason =
    findings.reason ?? (ran ? (findings.worstCosine! >= acceptedCosine ? null : 'differs') : 'nothing-ran')
  return {
    device: provider,
    modelId,
    provider: ran ? provider : 'cpu',
    fallback: reason,
    accepted: reason === null,
    ...findings,
    reason,
    measuredAt: new Date().toISOString(),
  }
}

/** 'auto' also wants it to be worth it. */
function forDevice(test: DeviceTest, device: DeviceId): DeviceTest {
  if (device !== 'auto') return test
  const isSlower =
    test.accepted && test.device !== 'cpu' && (test.textsPerSecond ?? 0) <= (test.cpuTextsPerSecond ?? 0)
  const reason = isSlower ? 'slower' : test.reason
  return { ...test, device, reason, fallback: reason, accepted: reason === null }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export function memoryNotes(): DeviceNotes {
  const known = new Map<string, string>()
  return {
    note: async (key) => known.get(key) ?? null,
    setNote: async (key, value) => void known.set(key, value),
  }
}
