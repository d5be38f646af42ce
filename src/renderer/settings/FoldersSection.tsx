import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useAdd } from '../add/useAdd.tsx'
import { useAct } from '../hooks/useAct.ts'
import { useDocumentActions, useSources } from '../hooks/useDocuments.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { Confirm } from '../parts/Confirm.tsx'
import { Icon } from '../parts/Icon.tsx'
import { Section } from './Section.tsx'
import classes from './Settings.module.css'

export function FoldersSection() {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const add = useAdd()
  const { removeSource } = useDocumentActions()
  const sources = useSources()
  const [asked, setAsked] = useState<number | null>(null)
  const asking = sources.find((source) => source.id === asked)
  return (
    <Section name="folders" title={t('settings.folders')}>
      {sources.length === 0 && <p className={classes.hint}>{t('settings.foldersEmpty')}</p>}
      {sources.map((source) => (
        <div key={source.id} className={classes.source} data-testid="source">
          <Icon name={source.kind === 'file' ? 'file' : source.kind === 'uploads' ? 'upload' : 'folder'} />
          <span className={classes.sourcePath}>
            {source.kind === 'uploads' ? (
              t('library.sourceUploads')
            ) : (
              <span className={classes.path}>{source.path}</span>
            )}
          </span>
          {!source.connected && <span className={classes.warn}>{t('library.sourceGone')}</span>}
          <span className={classes.quiet}>
            {t('library.count', { count: source.documents, formatted: format.number(source.documents) })}
          </span>
          {source.kind !== 'uploads' && (
            <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setAsked(source.id)}>
              {t('library.sourceRemove')}
            </Button>
          )}
        </div>
      ))}
      <div className={classes.actions}>
        <Button variant="default" leftSection={<Icon name="folder" size={14} />} onClick={add.pickFolder}>
          {t('add.folder')}
        </Button>
      </div>
      <Confirm
        opened={asked !== null}
        title={t('library.sourceRemoveTitle')}
        confirm={t('library.sourceRemove')}
        onClose={() => setAsked(null)}
        onConfirm={() => {
          const id = asked
          setAsked(null)
          if (id !== null) void act(() => removeSource(id))
        }}
      >
        <Text size="sm">
          <span className={classes.path}>{asking?.path}</span>
          <br />
          {t('library.sourceRemoveBody', { count: asking?.documents ?? 0 })}
        </Text>
      </Confirm>
    </Section>
  )
}
