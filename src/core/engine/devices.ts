/**
 * `devices.list` and `devices.test`, and what a device's failures mean for what is open [MO5]: the live model moves to
 * the device once it is known to be right there, and the indexer's work goes on with the CPU when its process died.
 */
import type { DeviceId, DeviceInfo, DeviceTest } from '../../shared/devices.ts'
import { AppError } from '../../shared/errors.ts'
import { providerOf } from '../models/device-list.ts'
import type { LibraryJobs } from '../threads/library.ts'
import type { Remote } from '../threads/rpc.ts'
import type { Live } from './live.ts'
import type { Models } from './models.ts'

export function createDevices({
  library,
  models,
  live,
  onChanged,
}: {
  library: Remote<LibraryJobs>
  models: Models
  live: Live
  /** Another device runs the live model, or another reason why it does not. */
  onChanged(): void
}) {
  let following: Promise<void> = Promise.resolve()
  /** One after another. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const turn = following.then(work)
    following = turn.catch(() => {})
    return turn
  }
  /** Nobody waits for it: what an engine that is closing says is no news. */
  const quietly = (work: () => Promise<void>): Promise<void> =>
    inTurn(work).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error
    })

  async function follow(): Promise<void> {
    await live.deviceFound()
    onChanged()
  }

  return {
    calls: {
      list: async (): Promise<{ devices: DeviceInfo[] }> => ({ devices: await models.devices.list() }),
      async test({
        device,
        modelId,
      }: {
        device: DeviceId
        modelId?: string | undefined
      }): Promise<DeviceTest> {
        const { threads, device: wanted } = await library.settings(undefined)
        const target = live.target()
        if (!target) throw new AppError('internal', 'no live index')
        const test = await models.testDevice(modelId ?? target, { threads, device })
        if (providerOf(device) === providerOf(wanted)) await inTurn(follow)
        return test
      },
    },
    /** In the settings. */
    async chosen(device: DeviceId): Promise<void> {
      await models.devices.chosen(device)
      await inTurn(follow)
    },
    /** Something was found out beside. */
    found: () => quietly(follow),
    /** Ends when nothing is being found out and the models run where they are to. */
    async settled(): Promise<void> {
      await following
      await models.devices.settled()
      await following
    },
    /** The indexer's process died. */
    died: () =>
      quietly(async () => {
        const { device } = await library.settings(undefined)
        await models.devices.diedAtWork(device)
      }),
    /** It has nothing more to do. */
    workDone: () =>
      quietly(async () => {
        const { device } = await library.settings(undefined)
        if (await models.devices.workDone(device)) await follow()
      }),
  }
}
