import { ActionIcon, Tooltip } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../i18n/useFormat.ts'
import { Icon } from '../parts/Icon.tsx'
import classes from './PdfView.module.css'

interface PdfBarProps {
  page: number
  pages: number
  label: string | null
  scale: number
  isFit: boolean
  onPage(page: number): void
  onZoomIn(): void
  onZoomOut(): void
  onFit(): void
}

export function PdfBar({
  page,
  pages,
  label,
  scale,
  isFit,
  onPage,
  onZoomIn,
  onZoomOut,
  onFit,
}: PdfBarProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const [typed, setTyped] = useState<string | null>(null)
  const go = () => {
    const wanted = Number(typed)
    if (Number.isInteger(wanted) && wanted >= 1 && wanted <= pages) onPage(wanted)
    setTyped(null)
  }
  const text =
    label && label !== String(page)
      ? t('reader.pageOfLabelled', { label, page, pages: format.number(pages) })
      : t('reader.pageOf', { page, pages: format.number(pages) })
  return (
    <div className={classes.bar}>
      <span data-testid="page-of">{text}</span>
      <input
        className={classes.jump}
        value={typed ?? String(page)}
        inputMode="numeric"
        aria-label={t('reader.goToPage')}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && go()}
        onBlur={() => setTyped(null)}
      />
      <span className={classes.space} />
      <ActionIcon onClick={onZoomOut} aria-label={t('reader.zoomOut')} size={24}>
        <Icon name="minus" size={14} />
      </ActionIcon>
      <span className={classes.zoom}>{format.percent(scale)}</span>
      <ActionIcon onClick={onZoomIn} aria-label={t('reader.zoomIn')} size={24}>
        <Icon name="plus" size={14} />
      </ActionIcon>
      <Tooltip label={t('reader.fit')}>
        <ActionIcon onClick={onFit} aria-label={t('reader.fit')} aria-pressed={isFit} size={24}>
          <Icon name="fit" size={15} />
        </ActionIcon>
      </Tooltip>
    </div>
  )
}
