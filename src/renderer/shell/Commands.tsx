/** Ctrl or Cmd and K: everything the window can do, by name. */
import { Spotlight, type SpotlightActionData } from '@mantine/spotlight'
import { useTranslation } from 'react-i18next'
import { useAdd } from '../add/useAdd.tsx'
import { useAct } from '../hooks/useAct.ts'
import { useDocumentActions } from '../hooks/useDocuments.ts'
import { useJobs } from '../hooks/useJobs.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { useStatus } from '../hooks/useStatus.ts'
import { Icon, type IconName } from '../parts/Icon.tsx'
import { useSearchPage } from '../search/SearchProvider.tsx'
import { focusSearch } from './useKeys.ts'
import { useWindow } from './useWindow.tsx'

export function Commands() {
  const { t } = useTranslation()
  const { go } = useWindow()
  const add = useAdd()
  const act = useAct()
  const jobs = useJobs()
  const update = useUpdateSettings()
  const documents = useDocumentActions()
  const status = useStatus()
  const { setMode } = useSearchPage()

  const action = (id: string, label: string, icon: IconName, onClick: () => void): SpotlightActionData => ({
    id,
    label,
    leftSection: <Icon name={icon} size={18} />,
    onClick,
  })
  const mode = (name: 'hybrid' | 'exact' | 'semantic') => () => {
    go('find')
    setMode(name)
    setTimeout(focusSearch, 50)
  }
  const actions = [
    action('find', t('commands.goFind'), 'find', () => go('find')),
    action('library', t('commands.goLibrary'), 'library', () => go('library')),
    action('jobs', t('commands.goJobs'), 'jobs', () => go('jobs')),
    action('settings', t('commands.goSettings'), 'settings', () => go('settings')),
    action('add-files', t('add.files'), 'file', add.pickFiles),
    action('add-folder', t('add.folder'), 'folder', add.pickFolder),
    action('smart', t('commands.smart'), 'find', mode('hybrid')),
    action('exact', t('commands.exact'), 'quote', mode('exact')),
    action('meaning', t('commands.meaning'), 'find', mode('semantic')),
    ...(status?.ingest
      ? [
          status.ingest.paused
            ? action('resume', t('commands.resume'), 'play', () => void act(jobs.resume))
            : action('pause', t('commands.pause'), 'pause', () => void act(jobs.pause)),
        ]
      : []),
    ...(status && status.documents.failed > 0
      ? [action('retry', t('commands.retryAll'), 'refresh', () => void act(() => documents.retry()))]
      : []),
    action('light', t('commands.themeLight'), 'settings', () => void act(() => update({ theme: 'light' }))),
    action('dark', t('commands.themeDark'), 'settings', () => void act(() => update({ theme: 'dark' }))),
    action(
      'system',
      t('commands.themeSystem'),
      'settings',
      () => void act(() => update({ theme: 'system' })),
    ),
    action('chinese', '中文', 'settings', () => void act(() => update({ language: 'zh-CN' }))),
    action('english', 'English', 'settings', () => void act(() => update({ language: 'en' }))),
  ]
  return (
    <Spotlight
      actions={actions}
      shortcut={['mod + K']}
      tagsToIgnore={[]}
      nothingFound={t('commands.nothing')}
      highlightQuery
      scrollable
      maxHeight={420}
      searchProps={{
        leftSection: <Icon name="find" size={18} />,
        placeholder: t('commands.placeholder'),
        'aria-label': t('commands.placeholder'),
      }}
    />
  )
}
