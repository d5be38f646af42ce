/** Short messages in the corner. Errors stay until they are closed. */
import { notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'

export function notify(
  message: ReactNode,
  options: { title?: string; closeAfterMs?: number; id?: string } = {},
): string {
  return notifications.show({
    message,
    withBorder: true,
    autoClose: options.closeAfterMs ?? 4000,
    ...(options.title ? { title: options.title } : {}),
    ...(options.id ? { id: options.id } : {}),
  })
}

export function notifyError(message: string): string {
  return notifications.show({ message, color: 'red', withBorder: true, autoClose: 12_000, role: 'alert' })
}

export const closeNotice = (id: string): void => void notifications.hide(id)
