/** A question with two answers. The harmless one has the focus. */
import { Button, Group, Modal, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

interface ConfirmProps {
  opened: boolean
  title: string
  children: ReactNode
  confirm: string
  cancel?: string
  danger?: boolean
  busy?: boolean
  testId?: string
  onConfirm(): void
  onClose(): void
}

export function Confirm(props: ConfirmProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={<Text fw={600}>{props.title}</Text>}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {props.children}
      <Group justify="flex-end" mt="lg" gap="sm">
        <Button variant="default" onClick={props.onClose} data-autofocus>
          {props.cancel ?? t('app.cancel')}
        </Button>
        <Button
          color={props.danger ? 'red.8' : undefined}
          loading={props.busy ?? false}
          onClick={props.onConfirm}
          data-testid={props.testId}
        >
          {props.confirm}
        </Button>
      </Group>
    </Modal>
  )
}
