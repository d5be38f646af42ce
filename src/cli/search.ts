import type { SearchMode, SearchUpdate } from '../shared/search.ts'
import type { Context } from './main.ts'
import { connect } from './connect.ts'
import { hitLines, line, printJson } from './print.ts'

/** `manifold search`: the last answer of the stream, every stage's score with it. */
export async function search(
  context: Context,
  query: string,
  { limit, mode, rerank }: { limit: number; mode: SearchMode; rerank: boolean },
): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    let last: SearchUpdate | null = null
    const updates = await connection.client.search.run(
      { query, limit, mode, rerank },
      { signal: context.signal },
    )
    for await (const update of updates) last = update
    if (context.json) return printJson(last && { ...last, tookMs: Math.round(last.tookMs * 10) / 10 })
    if (!last) return
    if (last.nothingFits && last.hits.length > 0) {
      line(
        context.language === 'zh-CN'
          ? '没有很合适的内容，最接近的是：'
          : 'Nothing here answers this well. Nearest:',
      )
      line()
    }
    for (const hit of last.hits) for (const text of hitLines(hit)) line(text)
    const byName = last.names.filter((name) => !last.hits.some((hit) => hit.document.id === name.id))
    if (byName.length > 0) {
      line(context.language === 'zh-CN' ? '仅名称匹配：' : 'Found by name only:')
      for (const name of byName) line(`   ${name.path}`)
    }
    if (last.hits.length === 0 && byName.length === 0) {
      line(context.language === 'zh-CN' ? '没有找到。' : 'Nothing found.')
    }
  } finally {
    await connection.close()
  }
}
