/** The window's parts: header above, rail at the left, the view, the reader beside or over it. */
import { useTranslation } from 'react-i18next'
import { DropOverlay } from '../add/DropOverlay.tsx'
import { UploadPanel } from '../add/UploadPanel.tsx'
import type { Connection } from '../hooks/useEngineEvents.ts'
import { useStatus } from '../hooks/useStatus.ts'
import { FirstLaunch } from '../first/FirstLaunch.tsx'
import { JobsPage } from '../jobs/JobsPage.tsx'
import { LibraryPage } from '../library/LibraryPage.tsx'
import { DownloadNews } from '../models/DownloadNews.tsx'
import { Drift } from '../models/Drift.tsx'
import { ErrorBoundary } from '../parts/ErrorBoundary.tsx'
import { Reader } from '../reader/Reader.tsx'
import { FindPage } from '../search/FindPage.tsx'
import { SettingsPage } from '../settings/SettingsPage.tsx'
import { Commands } from './Commands.tsx'
import classes from './Frame.module.css'
import { Header } from './Header.tsx'
import { Rail } from './Rail.tsx'
import { useKeys } from './useKeys.ts'
import { useWindow } from './useWindow.tsx'

export function Frame({ connection }: { connection: Connection }) {
  const { t } = useTranslation()
  const { view, reading, isReaderOpen } = useWindow()
  const status = useStatus()
  useKeys()
  const isEmpty = status?.documents.total === 0
  return (
    <div className={classes.frame}>
      <a href="#view" className={classes.skip}>
        {t('app.skip')}
      </a>
      <Header />
      <Rail />
      <div className={classes.main} id="view" tabIndex={-1}>
        {connection === 'gone' && (
          <div className={classes.banner} role="alert" data-testid="engine-gone">
            {t('connection.gone')}
          </div>
        )}
        <Drift />
        <ErrorBoundary key={view}>
          {view === 'find' && (isEmpty ? <FirstLaunch /> : <FindPage />)}
          {view === 'library' && <LibraryPage />}
          {view === 'jobs' && <JobsPage />}
          {view === 'settings' && <SettingsPage />}
        </ErrorBoundary>
        {view !== 'find' && reading && isReaderOpen && (
          <div className={classes.sheet}>
            <ErrorBoundary key={reading.documentId}>
              <Reader reading={reading} />
            </ErrorBoundary>
          </div>
        )}
      </div>
      <Commands />
      <UploadPanel />
      <DownloadNews />
      <DropOverlay />
    </div>
  )
}
