/** Takes drops and pastes anywhere in the window. */
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Icon.tsx'
import classes from './DropOverlay.module.css'
import { useAdd } from './useAdd.tsx'

export function DropOverlay() {
  const { t } = useTranslation()
  const isOver = useDropAnywhere()
  if (!isOver) return null
  return (
    <div className={classes.overlay} data-testid="drop-overlay">
      <div className={classes.box}>
        <Icon name="upload" size={36} />
        <p className={classes.title}>{t('add.drop')}</p>
        <p className={classes.hint}>
          {window.manifold ? t('add.dropHintLinked') : t('add.dropHintUploaded')}
        </p>
      </div>
    </div>
  )
}

function useDropAnywhere(): boolean {
  const add = useAdd()
  const [isOver, setOver] = useState(false)
  /** Every element on the way fires its own enter and leave. */
  const depth = useRef(0)

  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      depth.current++
      setOver(true)
    }
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      event.dataTransfer!.dropEffect = 'copy'
      setOver(true)
    }
    const end = () => {
      depth.current = 0
      setOver(false)
    }
    const leave = () => {
      if (--depth.current <= 0) end()
    }
    const drop = (event: DragEvent) => {
      if (!hasFiles(event)) return
      // Without this the window would leave its page for the file.
      event.preventDefault()
      end()
      add.drop(event.dataTransfer!)
    }
    const paste = (event: ClipboardEvent) => {
      const target = event.target as HTMLElement | null
      if (!event.clipboardData) return
      // Text pasted into a box is meant for the box; files never are.
      const isForBox = Boolean(target?.closest('input, textarea, [contenteditable]'))
      if (isForBox && event.clipboardData.files.length === 0) return
      if (add.paste(event.clipboardData)) event.preventDefault()
    }
    window.addEventListener('dragenter', enter)
    window.addEventListener('dragover', over)
    window.addEventListener('dragleave', leave)
    window.addEventListener('drop', drop)
    window.addEventListener('paste', paste)
    return () => {
      window.removeEventListener('dragenter', enter)
      window.removeEventListener('dragover', over)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('drop', drop)
      window.removeEventListener('paste', paste)
    }
  }, [add])

  return isOver
}
