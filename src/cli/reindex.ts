import { AppError } from '../shared/errors.ts'
import type { Context } from './main.ts'
import { waitWithProgress } from './add.ts'
import { connect } from './connect.ts'
import { line, printJson } from './print.ts'

/** `manifold reindex`. Without a running engine it always waits: nobody else would do the work. */
export async function reindex(context: Context, { wait }: { wait: boolean }): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    await connection.client.reindex.start({})
    if (wait || !connection.running) await waitWithProgress(connection, context.signal)
    const status = await connection.client.system.status({})
    if (status.reindex?.state === 'failed')
      throw new AppError('model-invalid', status.reindex.error ?? 'the index could not be built')
    if (context.json) return printJson({ live: status.live, reindex: status.reindex, chunks: status.chunks })
    line(status.reindex ? 'building in the background' : `${status.chunks} chunks in the new index`)
  } finally {
    await connection.close()
  }
}
