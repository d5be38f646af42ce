/** `devices.list` and `devices.test` [MO5]. */
import type { DeviceId, DeviceInfo, DeviceTest } from '../../shared/devices.ts'
import { AppError } from '../../shared/errors.ts'
import { listDevices } from '../models/device-list.ts'

export const createDevices = () => ({
  list: async (): Promise<{ devices: DeviceInfo[] }> => ({ devices: listDevices(() => null) }),
  test: async (_request: { device: DeviceId; modelId?: string | undefined }): Promise<DeviceTest> => {
    throw new AppError('unavailable', 'Testing a device is not possible yet.')
  },
})
