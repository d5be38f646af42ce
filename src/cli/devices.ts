/** What models run on: `manifold models device`, and `manifold models test <id> --device <device>` [MO5]. */
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../shared/errors.ts'
import type { DeviceId, DeviceTest } from '../shared/devices.ts'
import type { Context } from './main.ts'
import { connect } from './connect.ts'
import { line, printJson } from './print.ts'
import { deviceReasonText } from './words.ts'

/** Lists the devices; with one named, uses it from now on, and says what became of that. */
export async function useDevice(context: Context, device: DeviceId | undefined): Promise<void> {
  const { client, close } = await connect(context.libraryDir)
  try {
    if (device !== undefined) {
      await client.settings.update({ device })
      let { live } = await client.system.status({})
      while (live.fallback === 'testing') {
        if (context.signal.aborted)
          throw new AppError('cancelled', 'Stopped; the device is still being tried.')
        await sleep(200)
        live = (await client.system.status({})).live
      }
      const { provider, fallback } = live
      if (context.json) return printJson({ device, provider, fallback })
      line(fallback ? `${provider}: ${deviceReasonText(fallback, context.language)}` : provider)
      return
    }
    const [{ devices }, settings] = await Promise.all([client.devices.list({}), client.settings.get({})])
    if (context.json) return printJson({ device: settings.device, devices })
    for (const { id, name, reason, standsFor } of devices) {
      const mark = id === settings.device ? '*' : ' '
      const said = reason
        ? `: ${deviceReasonText(reason, context.language)}`
        : standsFor
          ? `: ${standsFor}`
          : ''
      line(`${mark} ${id.padEnd(8)} ${name}${said}`)
    }
  } finally {
    await close()
  }
}

/** Exit 1 when the device would not be used for this model. */
export async function testDevice(context: Context, modelId: string, device: DeviceId): Promise<void> {
  const { client, close } = await connect(context.libraryDir)
  try {
    const test = await client.devices.test({ device, modelId }, { signal: context.signal })
    if (!test.accepted) process.exitCode = 1
    if (context.json) return printJson(test)
    for (const text of linesOf(test, context)) line(text)
  } finally {
    await close()
  }
}

function linesOf(test: DeviceTest, { language }: Context): string[] {
  const nodes = Object.entries(test.nodes).map(([provider, count]) => `${provider} ${count}`)
  const rate = (value: number | null): string =>
    value === null ? '?' : value >= 100 ? String(Math.round(value)) : value.toFixed(1)
  return [
    `runs on    ${test.provider}`,
    ...(nodes.length > 0 ? [`nodes      ${nodes.join(', ')}`] : []),
    ...(test.worstCosine === null ? [] : [`likeness   ${test.worstCosine.toFixed(7)} to the CPU`]),
    ...(test.textsPerSecond === null
      ? []
      : [
          `speed      ${rate(test.textsPerSecond)} texts of 128 tokens a second, ${rate(test.cpuTextsPerSecond)} on the CPU`,
        ]),
    test.reason === null
      ? 'accepted'
      : `not used: ${deviceReasonText(test.reason, language)}${test.detail === null ? '' : ` (${test.detail})`}`,
  ]
}
