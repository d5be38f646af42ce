import { Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { AddMenu } from '../add/AddMenu.tsx'
import { isOnline, useCatalog } from '../hooks/useModels.ts'
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
  const { view } = useWindow()
  const status = useStatus()
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
        <Network />
      </div>
      <div className={classes.second}>
        {view === 'find' ? <FilterBar /> : <span />}
        <ReadingState />
      </div>
    </header>
  )
}

/** "Offline, 0 requests": counted, and the word changes while a download asks the network. */
function Network() {
  const { t } = useTranslation()
  const format = useFormat()
  const status = useStatus()
  const isDownloading = useCatalog().entries.some(isOnline)
  const requests = format.number(status?.outboundRequests ?? 0)
  return (
    <Tooltip label={isDownloading ? t('online.hint') : t('app.offlineHint')} multiline w={260}>
      <span className={classes.offline} data-online={isDownloading || undefined} data-testid="offline">
        <Icon name={isDownloading ? 'download' : 'lock'} size={14} />
        <span className={classes.offlineText}>
          {isDownloading ? t('online.header', { requests }) : t('app.offline', { requests })}
        </span>
      </span>
    </Tooltip>
  )
}
