/** Markdown and text from the stored source. Large Markdown is shown as text, because rendering it would freeze. */
import { Loader } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { DocumentKind } from '../../shared/document.ts'
import { useContent } from '../hooks/useReading.ts'
import { useWords } from '../i18n/useWords.ts'
import { Sentence } from '../parts/Sentence.tsx'
import { MarkdownView } from './MarkdownView.tsx'
import classes from './Reader.module.css'
import { StoredText } from './StoredText.tsx'
import { TextView } from './TextView.tsx'
import type { ViewProps } from './types.ts'

const renderedLimitChars = 400_000

export function SourceView(props: ViewProps & { kind: DocumentKind; isConnected: boolean }) {
  const { t } = useTranslation()
  const words = useWords()
  const { data, error } = useContent(props.documentId, true)
  if (error) return <Sentence title={words.error(error)} />
  if (!data) return <Loader className={classes.loader} size={22} aria-label={t('reader.notes')} />
  const { source, cut, blocks, document } = data
  if (source === null) {
    if (blocks.length > 0) return <StoredText {...props} hint={t('reader.stored')} />
    return <Sentence title={document.reason ? words.reason(document.reason) : t('reader.noText')} />
  }
  const isRendered = props.kind === 'markdown' && source.length <= renderedLimitChars
  return (
    <>
      {!props.isConnected && <p className={classes.note}>{t('reader.storedHint')}</p>}
      {cut && <p className={classes.note}>{t('reader.cut')}</p>}
      {isRendered ? <MarkdownView {...props} source={source} /> : <TextView {...props} source={source} />}
    </>
  )
}
