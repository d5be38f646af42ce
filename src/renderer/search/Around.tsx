/** The passages before and after a hit, fetched when asked for, more at each side on demand. */
import { Loader } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Hit } from '../../shared/search.ts'
import { useNeighbours } from '../hooks/useReading.ts'
import { useWords } from '../i18n/useWords.ts'
import classes from './Around.module.css'
import { Marked } from './Marked.tsx'

const step = 2
const most = 20

export function Around({ hit, onOpen }: { hit: Hit; onOpen(chunkId: number): void }) {
  const { t } = useTranslation()
  const words = useWords()
  const [reach, setReach] = useState(1)
  const { data, error, isFetching } = useNeighbours(hit.chunk.id, reach, reach, true)
  if (error) return <p className={classes.quiet}>{words.error(error)}</p>
  const passages = data?.passages ?? []
  const isAll = passages.length > 0 && passages.length < 2 * reach + 1 && reach > 1
  return (
    <div className={classes.around} data-testid="around-panel">
      {passages.map((passage) => (
        <p
          key={passage.id}
          className={classes.passage}
          data-self={passage.id === hit.chunk.id || undefined}
          onClick={() => onOpen(passage.id)}
        >
          {passage.id === hit.chunk.id ? <Marked text={hit.chunk.text} marks={hit.marks} /> : passage.text}
        </p>
      ))}
      {isFetching && <Loader size={14} />}
      {!isFetching && reach < most && !isAll && (
        <button type="button" className={classes.more} onClick={() => setReach(Math.min(most, reach + step))}>
          {t('search.more')}
        </button>
      )}
    </div>
  )
}
