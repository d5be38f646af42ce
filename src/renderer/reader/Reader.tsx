/** One document at one passage: what it is, where the passage stands, and the view that suits its kind. */
import { Loader } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useDocument, useLocation } from '../hooks/useReading.ts'
import { useWords } from '../i18n/useWords.ts'
import { Sentence } from '../parts/Sentence.tsx'
import { markedStrings } from '../search/sections.ts'
import type { Reading } from '../shell/useWindow.tsx'
import classes from './Reader.module.css'
import { ReaderBar } from './ReaderBar.tsx'
import { SourceView } from './SourceView.tsx'
import { StoredText } from './StoredText.tsx'
import { readerId, useReaderKeys } from './useReaderKeys.ts'

/** pdf.js is half of the program; a window that shows no PDF need not load it. */
const PdfView = lazy(() => import('./PdfView.tsx').then((module) => ({ default: module.PdfView })))

export function Reader({ reading }: { reading: Reading }) {
  const { t } = useTranslation()
  const words = useWords()
  const { documentId, chunkId, hit } = reading
  const { data, error } = useDocument(documentId)
  const { data: location, error: lost } = useLocation(documentId, chunkId)
  const [showsStored, setShowsStored] = useState(false)
  useReaderKeys(reading)
  const document = data?.document
  const terms = hit ? markedStrings(hit) : []
  const page = hit && hit.chunk.id === chunkId ? hit.chunk.page : null
  const view = { documentId, location: location ?? null, page, terms }

  return (
    <section
      id={readerId}
      className={classes.reader}
      tabIndex={-1}
      aria-label={`${t('reader.label')}: ${document?.title ?? reading.title}`}
      data-testid="reader"
      data-document={documentId}
    >
      <ReaderBar reading={reading} document={document ?? null} location={location ?? null} />
      {lost && <p className={classes.note}>{t('reader.passageGone')}</p>}
      <div className={classes.body}>
        {error ? (
          <Sentence title={words.error(error)} />
        ) : !document ? (
          <Loader className={classes.loader} size={22} aria-label={t('reader.notes')} />
        ) : document.chunks === 0 && document.reason && document.kind !== 'pdf' ? (
          <Sentence title={words.reason(document.reason)} hint={document.path} />
        ) : document.kind === 'pdf' && document.connected && !showsStored ? (
          <Suspense fallback={<Loader className={classes.loader} size={22} />}>
            <PdfView {...view} onUnreadable={() => setShowsStored(true)} />
          </Suspense>
        ) : document.kind === 'pdf' ? (
          <StoredText
            {...view}
            hint={t(document.connected ? 'reader.storedReadHint' : 'reader.storedHint')}
          />
        ) : (
          <SourceView {...view} kind={document.kind} isConnected={document.connected} />
        )}
      </div>
    </section>
  )
}
