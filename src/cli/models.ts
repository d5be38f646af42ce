import { AppError } from '../shared/errors.ts'
import type { Context } from './main.ts'
import { waitWithProgress } from './add.ts'
import { connect } from './connect.ts'
import { bytes, line, printJson } from './print.ts'

/** `manifold models list`. */
export async function listModels(context: Context): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const [{ models }, { live }] = await Promise.all([
      connection.client.models.list({}),
      connection.client.system.status({}),
    ])
    if (context.json) return printJson({ models, live })
    for (const model of models) {
      const used = model.id === live.embeddingModel || model.id === live.rerankerModel ? '*' : ' '
      const facts = [
        model.type,
        model.dimensions === null ? null : `${model.dimensions} dimensions`,
        bytes(model.sizeBytes),
        model.licence,
      ]
      line(
        `${used} ${model.id.padEnd(28)} ${model.problem ?? facts.filter((fact) => fact !== null).join(', ')}`,
      )
    }
  } finally {
    await connection.close()
  }
}

/** `manifold models use`: a reranker at once, an embedding model when its index is built. */
export async function useModel(context: Context, id: string, { wait }: { wait: boolean }): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const { models } = await connection.client.models.list({})
    const model = models.find((one) => one.id === id)
    if (!model) throw new AppError('model-missing', `There is no model ${id}. See: manifold models list`)
    const patch = model.task === 'embedding' ? { embeddingModel: id } : { rerankerModel: id }
    const { reindexStarted } = await connection.client.settings.update(patch)
    if (reindexStarted && wait) await waitWithProgress(connection, context.signal)
    const { live, reindex } = await connection.client.system.status({})
    if (reindex?.state === 'failed')
      throw new AppError('model-invalid', reindex.error ?? 'the new index could not be built')
    if (context.json) return printJson({ live, reindex })
    line(
      reindex
        ? `building a new index with ${id}; search answers from ${live.embeddingModel} meanwhile`
        : `using ${id}`,
    )
  } finally {
    await connection.close()
  }
}
