/**
 * A link in a document. One to the web shows its whole address first; one inside the document scrolls; all others are
 * only text.
 */
import { Button, Popover } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './MarkdownView.module.css'

export function MarkdownLink({ href, children }: { href?: string | undefined; children?: ReactNode }) {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  const url = href ? URL.parse(href) : null
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return <span className={classes.inert}>{children}</span>
  }
  return (
    <Popover opened={isOpen} onChange={setOpen} width={340} trapFocus position="top">
      <Popover.Target>
        <button type="button" className={classes.link} onClick={() => setOpen(!isOpen)}>
          {children}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <p className={classes.ask}>{t('reader.linkBody')}</p>
        <code className={classes.address}>{url.href}</code>
        <div className={classes.answers}>
          <Button
            variant="default"
            onClick={() => {
              void navigator.clipboard.writeText(url.href)
              setOpen(false)
            }}
          >
            {t('reader.linkCopy')}
          </Button>
          <Button
            component="a"
            href={url.href}
            target="_blank"
            rel="noreferrer noopener"
            onClick={() => setOpen(false)}
          >
            {t('reader.linkOpen')}
          </Button>
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}
