import { Button, Menu } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Icon.tsx'
import { useAdd } from './useAdd.tsx'

export function AddMenu() {
  const { t } = useTranslation()
  const add = useAdd()
  const key = /Mac/.test(navigator.platform) ? '⌘V' : 'Ctrl+V'
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <Button
          leftSection={<Icon name="plus" size={14} />}
          size="sm"
          h={34}
          px="sm"
          data-testid="add-button"
        >
          {t('add.button')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon name="file" />} onClick={add.pickFiles} data-testid="add-files">
          {t('add.files')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="folder" />} onClick={add.pickFolder} data-testid="add-folder">
          {t('add.folder')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label fw={400}>{t('add.paste', { key })}</Menu.Label>
        <Menu.Label fw={400} pt={0}>
          {t('add.kinds')}
        </Menu.Label>
      </Menu.Dropdown>
    </Menu>
  )
}
