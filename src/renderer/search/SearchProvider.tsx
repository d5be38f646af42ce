/** The question and its answer, shared by the box in the header, the filters and the list. */
import { createContext, use, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import type { SearchFilters } from '../../shared/search.ts'
import { useSearch, type Question, type Search } from '../hooks/useSearch.ts'

export interface SearchPage {
  question: Question
  search: Search
  /** While an input method composes, nothing is searched. */
  type(query: string, composing: boolean): void
  /** What the box shows, which during composition is ahead of the question. */
  text: string
  /** Enter: the query is complete. */
  settle(): void
  ask(query: string): void
  setMode(mode: Question['mode']): void
  setSort(sort: Question['sort']): void
  setFilters(filters: SearchFilters): void
}

const SearchContext = createContext<SearchPage | null>(null)

export function useSearchPage(): SearchPage {
  const page = use(SearchContext)
  if (!page) throw new Error('no SearchProvider above this component')
  return page
}

const start: Question = { query: '', mode: 'hybrid', filters: {}, sort: 'relevance', typing: true }

export function SearchProvider({ indexRound, children }: { indexRound: number; children: ReactNode }) {
  const [question, setQuestion] = useState(start)
  const [text, setText] = useState('')
  const search = useSearch(question)

  // Another index answers otherwise: ask it again.
  const { again } = search
  const answeredRound = useRef(indexRound)
  useEffect(() => {
    if (answeredRound.current === indexRound) return
    answeredRound.current = indexRound
    again()
  }, [indexRound, again])

  const page = useMemo<SearchPage>(
    () => ({
      question,
      search,
      text,
      type(query, composing) {
        setText(query)
        if (!composing) setQuestion((before) => ({ ...before, query, typing: true }))
      },
      settle: () => setQuestion((before) => ({ ...before, query: text, typing: false })),
      ask(query) {
        setText(query)
        setQuestion((before) => ({ ...before, query, typing: false }))
      },
      setMode: (mode) => setQuestion((before) => ({ ...before, mode, typing: false })),
      setSort: (sort) => setQuestion((before) => ({ ...before, sort, typing: false })),
      setFilters: (filters) => setQuestion((before) => ({ ...before, filters, typing: false })),
    }),
    [question, search, text],
  )
  return <SearchContext value={page}>{children}</SearchContext>
}
