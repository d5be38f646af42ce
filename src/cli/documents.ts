import type { DocumentSummary } from '../shared/document.ts'
import type { EngineClient } from '../server/client.ts'
import type { Context } from './main.ts'
import { connect } from './connect.ts'
import { line, printJson } from './print.ts'
import { reasonText } from './words.ts'

const pageSize = 1000

async function allDocuments(client: EngineClient): Promise<DocumentSummary[]> {
  const all: DocumentSummary[] = []
  while (true) {
    const { documents, total } = await client.documents.list({
      sort: 'added',
      descending: false,
      limit: pageSize,
      offset: all.length,
    })
    all.push(...documents)
    if (documents.length === 0 || all.length >= total) return all
  }
}

/** `manifold documents list`. */
export async function listDocuments(context: Context): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const documents = await allDocuments(connection.client)
    if (context.json) return printJson({ documents })
    for (const document of documents) {
      const reason = document.reason ? `  ${reasonText(document.reason, context.language)}` : ''
      line(`${String(document.id).padStart(6)}  ${document.status.padEnd(8)}  ${document.path}${reason}`)
    }
  } finally {
    await connection.close()
  }
}

/** `manifold documents show`. */
export async function showDocument(context: Context, id: number): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const [details, content] = await Promise.all([
      connection.client.documents.get({ id }),
      connection.client.documents.content({ id }),
    ])
    if (context.json) return printJson({ ...details, blocks: content.blocks })
    line(details.document.title)
    line(details.document.path)
    for (const [key, value] of Object.entries(details.metadata)) line(`${key}: ${value}`)
    for (const block of content.blocks) {
      line()
      line(block.page === null ? block.text : `[${block.page}] ${block.text}`)
    }
  } finally {
    await connection.close()
  }
}

/** `manifold documents remove | forget | retry`. */
export async function onDocuments(
  context: Context,
  action: 'remove' | 'forget' | 'retry',
  ids: number[],
): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const { documents } = connection.client
    if (action === 'forget') {
      const report = await documents.forget({ ids })
      if (report.traces.length > 0) process.exitCode = 1
      if (context.json) return printJson(report)
      line(`${report.done} done`)
      line(report.traces.length === 0 ? 'No trace found.' : report.traces.join('\n'))
      line(`Searched: ${report.searched.join(', ')}`)
      return
    }
    const report = await documents[action]({ ids })
    if (action === 'retry') await connection.idle(context.signal)
    if (context.json) return printJson(report)
    line(`${report.done} done`)
  } finally {
    await connection.close()
  }
}
