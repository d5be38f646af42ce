/**
 * Something that works on a device, with the CPU in reserve: when the device fails at work (a driver reset, memory that
 * is full), the CPU's is opened, does the work again, and stays [MO5].
 */
import { AppError } from '../../shared/errors.ts'
import type { Provider } from './device-list.ts'
import type { SelfTest } from './self-test.ts'
import type { Fallback } from './session.ts'

export interface Standby<T> {
  readonly now: T
  run<R>(work: (one: T) => Promise<R>): Promise<R>
}

export function createStandby<T extends { close(): Promise<void> }>(
  onDevice: T,
  openOnCpu: (fallback: Fallback) => Promise<T>,
): Standby<T> {
  let now = onDevice
  let turning: Promise<void> | null = null

  async function turn(error: AppError): Promise<void> {
    now = await openOnCpu({ reason: reasonOf(error), detail: error.message.slice(0, 300) })
    await onDevice.close().catch(() => {})
  }

  return {
    get now() {
      return now
    },
    async run(work) {
      const one = now
      try {
        return await work(one)
      } catch (error) {
        if (one !== onDevice || !failedAtWork(error)) throw error
        turning ??= turn(error)
        // What cannot be opened on the CPU now may be at the next call.
        await turning.catch((fault: unknown) => {
          turning = null
          throw fault
        })
        return work(now)
      }
    },
  }
}

interface OnDevice {
  readonly provider: string
  readonly fallback: Fallback | null
  readonly selfTest: SelfTest
  close(): Promise<void>
}

/**
 * A model on the wanted device, with the CPU in reserve where it is another. `through`: the model's own methods, each run on
 * whichever of the two works now.
 */
export async function openWithStandby<T extends OnDevice>(
  device: Provider | undefined,
  createOn: (on: { device: Provider; fallback?: Fallback }) => Promise<T>,
  through: (run: Standby<T>['run']) => Partial<T>,
): Promise<T> {
  if (device === undefined || device === 'cpu') return createOn({ device: 'cpu' })
  const onCpu = (fallback: Fallback) => createOn({ device: 'cpu', fallback })
  const model = await openOrFallBack(() => createOn({ device }), onCpu)
  if (model.provider === 'cpu') return model
  const standby = createStandby(model, onCpu)
  return {
    ...model,
    get provider() {
      return standby.now.provider
    },
    get fallback() {
      return standby.now.fallback
    },
    get selfTest() {
      return standby.now.selfTest
    },
    ...through((work) => standby.run(work)),
    close: () => standby.now.close(),
  }
}

/** Opens on a device; on the CPU where the model turns out not to be usable there. */
export async function openOrFallBack<T>(
  onDevice: () => Promise<T>,
  openOnCpu: (fallback: Fallback) => Promise<T>,
): Promise<T> {
  try {
    return await onDevice()
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'model-invalid') throw error
    return openOnCpu({ reason: reasonOf(error), detail: error.message.slice(0, 300) })
  }
}

const failures = new Set<unknown>(['run', 'not-finite'])

const failedAtWork = (error: unknown): error is AppError =>
  error instanceof AppError && error.code === 'model-invalid' && failures.has(error.data['problem'])

const reasonOf = (error: AppError): Fallback['reason'] =>
  error.data['problem'] === 'not-finite' ? 'not-finite' : 'failed'
