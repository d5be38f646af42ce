import { Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { AddMenu } from '../add/AddMenu.tsx'
import { useStatus } from '../hooks/useStatus.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Icon } from '../parts/Icon.tsx'
import { FilterBar } from '../search/FilterBar.tsx'
import { ModeSwitch } from '../search/ModeSwitch.tsx'
import { SearchBox } from '../search/SearchBox.tsx'
import classes from './Header.module.css'
import { ReadingState } from './ReadingState.tsx'
import { useWindow } from './useWindow.tsx'

export function Header() {
  const { t } = useTranslation()
  const { view } = useWindow()
  const status = useStatus()
  const format = useFormat()
  return (
    <header className={classes.header}>
      <div className={classes.first}>
        <div className={classes.library}>
          <img src="/icon.svg" alt="" width={22} height={22} />
          <span className={classes.name} title={status?.library.path}>
            {status?.library.name ?? 'Manifold'}
          </span>
        </div>
        <SearchBox />
        <ModeSwitch />
        <AddMenu />
        <Tooltip label={t('app.offlineHint')} multiline w={260}>
          <span className={classes.offline} data-testid="offline">
            <Icon name="lock" size={14} />
            <span className={classes.offlineText}>
              {t('app.offline', { requests: format.number(status?.outboundRequests ?? 0) })}
            </span>
          </span>
        </Tooltip>
      </div>
      <div className={classes.second}>
        {view === 'find' ? <FilterBar /> : <span />}
        <ReadingState />
      </div>
    </header>
  )
}
