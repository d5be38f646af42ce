/** Up and Down move and preview, R takes the better order; Enter is the card's own. */
import { useEffect, type RefObject } from 'react'
import type { Search } from '../hooks/useSearch.ts'
import { focusSearch, isTyping } from '../shell/useKeys.ts'

export function useListKeys(list: RefObject<HTMLDivElement | null>, search: Search): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
      if (event.key.toLowerCase() === 'r' && search.better) {
        event.preventDefault()
        search.takeBetter()
        return
      }
      const inside = list.current?.contains(document.activeElement)
      if (!inside) return
      const rows = [...(list.current?.querySelectorAll<HTMLElement>('[data-hit]') ?? [])]
      const at = rows.findIndex((row) => row.contains(document.activeElement))
      if (event.key === 'ArrowDown' && at < rows.length - 1) {
        event.preventDefault()
        rows[at + 1]?.focus()
      } else if (event.key === 'ArrowUp') {
        event.preventDefault()
        if (at <= 0) focusSearch()
        else rows[at - 1]?.focus()
      } else if (event.key === 'Escape') {
        focusSearch()
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [list, search])
}
