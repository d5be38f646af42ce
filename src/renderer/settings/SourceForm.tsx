/** Where models are downloaded from. An address of one's own is set outside the page: a page may be made to lie. */
import { Button, Code, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isMirrorAddress, modelSources } from '../../shared/models.ts'
import type { Settings } from '../../shared/settings.ts'
import { useAct } from '../hooks/useAct.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { Row } from './Section.tsx'
import classes from './Settings.module.css'

export function SourceForm({ settings }: { settings: Settings }) {
  const { t } = useTranslation()
  const act = useAct()
  const update = useUpdateSettings()
  const { modelSource, modelMirror } = settings
  const [wantsCustom, setWants] = useState(false)
  const shown = wantsCustom ? 'custom' : modelSource

  const choose = (value: string | null) => {
    const source = modelSources.find((one) => one === value)
    if (!source) return
    // Without an address there is nothing to ask yet.
    setWants(source === 'custom' && modelMirror === '')
    if (source !== 'custom' || modelMirror !== '') void act(() => update({ modelSource: source }))
  }

  return (
    <>
      <Row label={t('sourceForm.label')} hint={t('sourceForm.hint')}>
        <Select
          w={190}
          aria-label={t('sourceForm.label')}
          data={modelSources.map((source) => ({ value: source, label: t(`sources.${source}`) }))}
          value={shown}
          onChange={choose}
          data-testid="source-select"
        />
      </Row>
      {shown === 'custom' && (
        <div className={classes.wide} data-testid="mirror">
          <div className={classes.label}>{t('sourceForm.mirror')}</div>
          {window.manifold ? (
            <MirrorAddress address={modelMirror} onUsed={() => setWants(false)} />
          ) : (
            <>
              <p className={classes.hint}>
                {modelMirror === '' ? (
                  t('sourceForm.none')
                ) : (
                  <span className={classes.path}>{modelMirror}</span>
                )}
              </p>
              <p className={classes.hint}>{t('sourceForm.mirrorBrowser')}</p>
              <Code block mt={4}>
                {'manifold models source custom --mirror https://…'}
              </Code>
            </>
          )}
        </div>
      )}
    </>
  )
}

function MirrorAddress({ address, onUsed }: { address: string; onUsed(): void }) {
  const { t } = useTranslation()
  const act = useAct()
  const [draft, setDraft] = useState(address)
  const isFit = isMirrorAddress(draft.trim())
  return (
    <form
      className={classes.mirror}
      onSubmit={(event) => {
        event.preventDefault()
        void act(async () => {
          if (await window.manifold?.useMirror(draft.trim())) onUsed()
        })
      }}
    >
      <TextInput
        flex={1}
        type="url"
        aria-label={t('sourceForm.mirror')}
        description={t('sourceForm.mirrorHint')}
        inputWrapperOrder={['input', 'description']}
        placeholder="https://"
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        data-testid="mirror-address"
      />
      <Button type="submit" variant="default" disabled={!isFit || draft === address} data-testid="mirror-use">
        {t('sourceForm.use')}
      </Button>
    </form>
  )
}
