import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useAdd } from '../add/useAdd.tsx'
import { useStatus } from '../hooks/useStatus.ts'
import { Icon } from '../parts/Icon.tsx'
import classes from './FirstLaunch.module.css'

export function FirstLaunch() {
  const { t } = useTranslation()
  const add = useAdd()
  const status = useStatus()
  return (
    <div className={classes.page} data-testid="empty-state">
      <div className={classes.drop}>
        <span className={classes.picture}>
          <Icon name="upload" size={34} />
        </span>
        <h1 className={classes.sentence}>{t('first.sentence')}</h1>
        <div className={classes.buttons}>
          <Button size="sm" leftSection={<Icon name="folder" />} onClick={add.pickFolder}>
            {t('first.addFolder')}
          </Button>
          <Button size="sm" variant="default" leftSection={<Icon name="file" />} onClick={add.pickFiles}>
            {t('first.addFiles')}
          </Button>
          <Button size="sm" variant="default" leftSection={<Icon name="note" />} onClick={add.pickFolder}>
            {t('first.vault')}
          </Button>
        </div>
        <p className={classes.hint}>{t('first.orDrop')}</p>
        <p className={classes.kinds}>{t('add.kinds')}</p>
      </div>
      <p className={classes.where}>
        {t('first.where')} <code className={classes.path}>{status?.library.path}</code>
        <br />
        {window.manifold ? t('first.keeps') : t('first.keepsUploads')}
      </p>
    </div>
  )
}
