/** Once a question is complete its best answer is shown in the reader, until the person chooses another. */
import { useEffect, useRef } from 'react'
import { readingOf, useWindow } from '../shell/useWindow.tsx'
import { useSearchPage } from './SearchProvider.tsx'

export function useFirstPreview(): void {
  const { question, search } = useSearchPage()
  const { reading, preview } = useWindow()
  const shownFor = useRef<{ key: string | null; chunkId: number | null }>({ key: null, chunkId: null })
  const first = search.shown?.hits[0] ?? null
  const isSettled = !question.typing && search.key === JSON.stringify(question)

  useEffect(() => {
    if (!isSettled || !first) return
    const last = shownFor.current
    const isOurs = last.key !== search.key || reading?.chunkId === last.chunkId
    if (!isOurs || (last.key === search.key && last.chunkId === first.chunk.id)) return
    shownFor.current = { key: search.key, chunkId: first.chunk.id }
    preview(readingOf(first, search.shown?.hits ?? []))
  }, [isSettled, first, search.key, search.shown, reading, preview])
}
