import type { Context } from './main.ts'
import { connect } from './connect.ts'
import { bytes, line, printJson, progressText } from './print.ts'
import { reasonText } from './words.ts'

/** `manifold status`. */
export async function status(context: Context): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const now = await connection.client.system.status({})
    if (context.json) return printJson(now)
    const { documents, live } = now
    line(
      `library    ${now.library.path} (${bytes(now.library.sizeBytes)}, ${bytes(now.library.freeBytes)} free)`,
    )
    line(
      `documents  ${documents.indexed} indexed, ${documents.partial} partly, ${documents.failed} failed, ${documents.waiting} waiting, of ${documents.total}`,
    )
    line(`chunks     ${now.chunks}${now.truncatedChunks > 0 ? `, ${now.truncatedChunks} truncated` : ''}`)
    line(
      `model      ${live.embeddingModel} (${live.dimensions} dimensions, ${live.provider}, space ${live.space})`,
    )
    line(`reranker   ${live.rerankerModel ?? 'none'}`)
    line(`chunking   ${live.strategy}, about ${live.targetTokens} tokens`)
    const progress = progressText(now)
    if (progress) line(`work       ${progress}${now.ingest?.paused ? ' (paused)' : ''}`)
    for (const { reason, documents: count } of now.reasons) {
      line(
        `  ${String(count).padStart(6)}  ${reason}: ${reasonText({ code: reason, data: {} }, context.language)}`,
      )
    }
  } finally {
    await connection.close()
  }
}
