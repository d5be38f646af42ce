/** n and p step through the document's hits; Escape goes back to the list. */
import { useEffect } from 'react'
import { enterList } from '../search/listFocus.ts'
import { isTyping } from '../shell/useKeys.ts'
import { useWindow, type Reading } from '../shell/useWindow.tsx'

export const readerId = 'reader'

export function focusReader(): void {
  requestAnimationFrame(() => document.getElementById(readerId)?.focus())
}

/** The passage `step` further, round and round; null where there is only one. */
export function passageAt({ passages, chunkId }: Reading, step: number): number | null {
  if (passages.length < 2) return null
  const at = chunkId === null ? -1 : passages.indexOf(chunkId)
  return passages[(at + step + passages.length) % passages.length] ?? null
}

export function useReaderKeys(reading: Reading): void {
  const { toPassage } = useWindow()
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
      const step = event.key === 'n' ? 1 : event.key === 'p' ? -1 : 0
      const next = step === 0 ? null : passageAt(reading, step)
      if (next !== null) {
        event.preventDefault()
        toPassage(next)
      }
      const isInside = document.getElementById(readerId)?.contains(document.activeElement)
      if (event.key === 'Escape' && isInside) enterList()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [reading, toPassage])
}
