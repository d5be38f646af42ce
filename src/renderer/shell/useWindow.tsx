/** Where the person is: the view, what is open in the reader, and what the library is narrowed to. */
import { createContext, use, useMemo, useState, type ReactNode } from 'react'
import type { Hit } from '../../shared/search.ts'

export type View = 'find' | 'library' | 'jobs' | 'settings'

/** What the reader shows. `passages` are the hits of the document in reading order, for n and p. */
export interface Reading {
  documentId: number
  title: string
  hit: Hit | null
  passages: number[]
  chunkId: number | null
}

export interface WindowState {
  view: View
  reading: Reading | null
  /** On a narrow window the reader lies over the rest only once it was opened. */
  isReaderOpen: boolean
  problemsOnly: boolean
  go(view: View): void
  /** Shows in the reader without going there. */
  preview(reading: Reading): void
  open(reading: Reading): void
  toPassage(chunkId: number): void
  closeReader(): void
  setProblemsOnly(only: boolean): void
}

const WindowContext = createContext<WindowState | null>(null)

export function useWindow(): WindowState {
  const state = use(WindowContext)
  if (!state) throw new Error('no WindowProvider above this component')
  return state
}

export function WindowProvider({ children }: { children: ReactNode }) {
  const [view, setView] = useState<View>('find')
  const [reading, setReading] = useState<Reading | null>(null)
  const [isReaderOpen, setReaderOpen] = useState(false)
  const [problemsOnly, setProblemsOnly] = useState(false)
  const state = useMemo<WindowState>(
    () => ({
      view,
      reading,
      isReaderOpen,
      problemsOnly,
      go(next) {
        setView(next)
        setReaderOpen(false)
        if (next !== 'library') setProblemsOnly(false)
      },
      preview: setReading,
      open(next) {
        setReading(next)
        setReaderOpen(true)
      },
      toPassage: (chunkId) => setReading((before) => before && { ...before, chunkId }),
      closeReader: () => setReaderOpen(false),
      setProblemsOnly,
    }),
    [view, reading, isReaderOpen, problemsOnly],
  )
  return <WindowContext value={state}>{children}</WindowContext>
}

/** The hit (one of `hits`) with the other matching passages of its document, in reading order. */
export function readingOf(hit: Hit, hits: Hit[]): Reading {
  const own = hits.filter((other) => other.document.id === hit.document.id)
  const all = [hit, ...own].flatMap(({ chunk, more }) => [{ chunkId: chunk.id, page: chunk.page }, ...more])
  const places = [...new Map(all.map((place) => [place.chunkId, place])).values()]
  places.sort((a, b) => (a.page ?? 0) - (b.page ?? 0) || a.chunkId - b.chunkId)
  return {
    documentId: hit.document.id,
    title: hit.document.title,
    hit,
    passages: places.map((place) => place.chunkId),
    chunkId: hit.chunk.id,
  }
}
