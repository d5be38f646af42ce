/** A model of one's own: a zip in a browser, a folder or a zip in the desktop app. Copied, then tested. */
import { Button, Loader, Menu, Tooltip } from '@mantine/core'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ModelInfo } from '../../shared/status.ts'
import { pick } from '../add/pick.ts'
import { useAct } from '../hooks/useAct.ts'
import { useModelActions } from '../hooks/useModels.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Icon } from '../parts/Icon.tsx'
import { notify, notifyError } from '../parts/notify.tsx'
import classes from './Models.module.css'

export function ImportModel() {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const actions = useModelActions()
  const [sending, setSending] = useState<{ name: string; share: number } | null>(null)
  const controller = useRef<AbortController | null>(null)

  const tell = ({ name, state }: ModelInfo) =>
    state === 'ready'
      ? notify(t('manager.imported', { name }), { closeAfterMs: 8000 })
      : notifyError(t('manager.importedRefused', { name }))

  const fromDesktop = (kind: 'folder' | 'zip') =>
    void act(async () => {
      setSending({ name: t(kind === 'folder' ? 'manager.importFolder' : 'manager.importZip'), share: 1 })
      try {
        const model = await actions.pick(kind)
        if (model) tell(model)
      } finally {
        setSending(null)
      }
    })

  const fromBrowser = () =>
    void act(async () => {
      const [file] = await pick(false, '.zip,application/zip')
      if (!file) return
      controller.current = new AbortController()
      setSending({ name: file.name, share: 0 })
      try {
        const { model } = await actions.upload(file, controller.current.signal, (share) =>
          setSending({ name: file.name, share }),
        )
        tell(model)
      } finally {
        setSending(null)
      }
    })

  if (sending) {
    return (
      <div className={classes.importing} role="status" data-testid="importing">
        <Loader size={14} />
        <span>
          {t('manager.importing', { name: sending.name })}
          {sending.share < 1 && ` ${format.percent(sending.share)}`}
        </span>
        {controller.current && (
          <Button variant="default" size="compact-xs" onClick={() => controller.current?.abort()}>
            {t('app.cancel')}
          </Button>
        )}
      </div>
    )
  }
  if (!window.manifold) {
    return (
      <Tooltip label={t('manager.importHint')} multiline w={280}>
        <Button
          variant="default"
          leftSection={<Icon name="upload" size={14} />}
          onClick={fromBrowser}
          data-testid="import-model"
        >
          {t('manager.importZipOnly')}
        </Button>
      </Tooltip>
    )
  }
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <Button variant="default" leftSection={<Icon name="upload" size={14} />} data-testid="import-model">
          {t('manager.import')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<Icon name="folder" />}
          onClick={() => fromDesktop('folder')}
          data-testid="import-folder"
        >
          {t('manager.importFolder')}
        </Menu.Item>
        <Menu.Item
          leftSection={<Icon name="file" />}
          onClick={() => fromDesktop('zip')}
          data-testid="import-zip"
        >
          {t('manager.importZip')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label fw={400}>{t('manager.importHint')}</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  )
}
