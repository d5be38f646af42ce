import { useTranslation } from 'react-i18next'
import classes from './MarkdownView.module.css'

/** Images are not fetched: one out of a note could tell its sender that it was read. */
export function MarkdownImage({ alt }: { alt?: string | undefined }) {
  const { t } = useTranslation()
  return (
    <span className={classes.image} role="img" aria-label={alt ?? ''}>
      {alt ? t('reader.image', { name: alt }) : t('reader.imageNoName')}
    </span>
  )
}
