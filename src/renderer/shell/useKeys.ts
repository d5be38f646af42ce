/** Keys that work anywhere in the window. Those of the list and the reader stand there. */
import { useEffect } from 'react'
import { useWindow } from './useWindow.tsx'

export const searchInputId = 'search-input'

export function focusSearch(): void {
  const input = document.getElementById(searchInputId)
  if (input instanceof HTMLInputElement) {
    input.focus()
    input.select()
  }
}

/** True while keys belong to what is being typed, or to a dialog that is open. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null
  return (
    event.isComposing ||
    Boolean(target?.closest('input, textarea, select, [contenteditable], [role="dialog"], [role="menu"]'))
  )
}

export function useKeys(): void {
  const { closeReader, isReaderOpen } = useWindow()
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isCommand = event.ctrlKey || event.metaKey
      if (isCommand && !event.altKey && event.key.toLowerCase() === 'l') {
        event.preventDefault()
        focusSearch()
      } else if (event.key === '/' && !isCommand && !event.altKey && !isTyping(event)) {
        event.preventDefault()
        focusSearch()
      } else if (event.key === 'Escape' && isReaderOpen && !event.defaultPrevented && !isTyping(event)) {
        closeReader()
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [closeReader, isReaderOpen])
}
