/** Every place of an exact search as a file, up to a stated limit. */
import { useTranslation } from 'react-i18next'
import type { Hit, SearchUpdate } from '../../shared/search.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { notify } from '../parts/notify.tsx'
import { useEngine } from './engine.ts'
import { useAct } from './useAct.ts'
import type { Question } from './useSearch.ts'
import { toCsv, toMarkdown } from '../search/export.ts'

const pageSize = 200
const limit = 5000

export function useExport(question: Question): (format: 'csv' | 'markdown') => void {
  const { calls } = useEngine()
  const act = useAct()
  const { t } = useTranslation()
  const format = useFormat()

  async function everyHit(): Promise<Hit[]> {
    const hits: Hit[] = []
    while (hits.length < limit) {
      let page: SearchUpdate | null = null
      const request = { ...question, typing: false, limit: pageSize, offset: hits.length }
      for await (const update of await calls.search.run(request)) page = update
      hits.push(...(page?.hits ?? []))
      if (!page || page.hits.length === 0 || hits.length >= (page.total?.chunks ?? 0)) break
    }
    return hits
  }

  return (kind) =>
    void act(async () => {
      const hits = await everyHit()
      const name = `manifold-${new Date().toISOString().slice(0, 10)}`
      if (kind === 'csv') save(`${name}.csv`, 'text/csv', toCsv(hits))
      else save(`${name}.md`, 'text/markdown', toMarkdown(question.query, hits))
      if (hits.length >= limit) notify(t('search.exportCut', { limit: format.number(limit) }))
    })
}

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
