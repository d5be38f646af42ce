/** The list and the reader side by side; on a narrow window the reader slides over once a hit is opened. */
import { useMediaQuery } from '@mantine/hooks'
import { useTranslation } from 'react-i18next'
import { ErrorBoundary } from '../parts/ErrorBoundary.tsx'
import { Sentence } from '../parts/Sentence.tsx'
import { Reader } from '../reader/Reader.tsx'
import { useWindow } from '../shell/useWindow.tsx'
import classes from './FindPage.module.css'
import { ResultList } from './ResultList.tsx'
import { useResizable } from './useResizable.ts'

export function FindPage() {
  const { t } = useTranslation()
  const { reading, isReaderOpen } = useWindow()
  const isNarrow = useMediaQuery('(max-width: 959px)') ?? false
  const { width, handle } = useResizable('manifold.list', { initial: 440, min: 320, max: 760 })
  const isOver = isNarrow && isReaderOpen && reading !== null
  return (
    <div className={classes.page}>
      <div className={classes.list} style={isNarrow ? { width: '100%' } : { width }} inert={isOver}>
        <ResultList />
      </div>
      {!isNarrow && <div className={classes.handle} {...handle} />}
      {(!isNarrow || isOver) && (
        <div className={isNarrow ? classes.over : classes.reader}>
          {reading ? (
            <ErrorBoundary key={reading.documentId}>
              <Reader reading={reading} />
            </ErrorBoundary>
          ) : (
            <div className={classes.empty}>
              <Sentence title={t('reader.empty')} hint={t('reader.emptyHint')} />
            </div>
          )}
        </div>
      )}
    </div>
  )
}
