import { useTranslation } from 'react-i18next'
import { useStatus } from '../hooks/useStatus.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import classes from './Notes.module.css'

/** What this answer could not do, and how much of the library it covers while files are still being read. */
export function Notes({ codes }: { codes: string[] }) {
  const { t } = useTranslation()
  const words = useWords()
  const format = useFormat()
  const documents = useStatus()?.documents
  const waiting = documents?.waiting ?? 0
  const sentences = codes
    .filter((code) => code !== 'index-incomplete' || waiting === 0)
    .map(words.note)
    .filter((sentence) => sentence !== null)
  if (waiting > 0 && documents) {
    sentences.push(
      t('search.waitingNote', { waiting: format.number(waiting), total: format.number(documents.total) }),
    )
  }
  return sentences.map((sentence) => (
    <p key={sentence} className={classes.note} data-testid="note">
      {sentence}
    </p>
  ))
}
