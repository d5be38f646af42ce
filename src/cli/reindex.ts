import { AppError } from '../shared/errors.ts'
import type { Status } from '../shared/status.ts'
import type { Context } from './main.ts'
import { waitWithProgress } from './add.ts'
import { connect, type Connection } from './connect.ts'
import { bytes, line, printJson, progressText } from './print.ts'

/** Waits until it is built, and answers from it: a command has nobody who could compare first. */
export async function buildAndSwitch(connection: Connection, signal: AbortSignal): Promise<void> {
  await waitWithProgress(connection, signal)
  const { reindex } = await connection.client.system.status({})
  if (reindex?.state !== 'complete') return
  await connection.client.reindex.switch({})
  await connection.idle(signal)
}

/** `manifold reindex`. Without a running engine it always waits: nobody else would do the work. */
export async function reindex(context: Context, { wait }: { wait: boolean }): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    await connection.client.reindex.start({})
    if (wait || !connection.running) await buildAndSwitch(connection, context.signal)
    const status = await connection.client.system.status({})
    if (status.reindex?.state === 'failed')
      throw new AppError('model-invalid', status.reindex.error ?? 'the index could not be built')
    if (context.json) return printJson({ live: status.live, reindex: status.reindex, chunks: status.chunks })
    line(status.reindex ? 'building in the background' : `${status.chunks} chunks in the new index`)
  } finally {
    await connection.close()
  }
}

/** `manifold reindex status`. */
export async function reindexStatus(context: Context): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const status = await connection.client.system.status({})
    const { live, reindex, former } = status
    if (context.json) return printJson({ live, reindex, former })
    line(`live    ${live.embeddingModel}, ${live.strategy}, about ${live.targetTokens} tokens`)
    if (live.outdated.length > 0)
      line(`        made by an older version (${live.outdated.join(', ')}); manifold reindex makes it anew`)
    line(`next    ${nextText(status)}`)
    line(
      former
        ? `former  ${former.embeddingModel}, ${former.strategy}, ${bytes(former.sizeBytes)}, has ${former.documentsDone} of ${former.documentsTotal} texts`
        : 'former  none',
    )
  } finally {
    await connection.close()
  }
}

function nextText(status: Status): string {
  const { reindex } = status
  switch (reindex?.state) {
    case undefined:
      return 'none'
    case 'building':
      return progressText(status)
    case 'paused':
      return `paused: ${progressText(status)}`
    case 'failed':
      return `failed: ${reindex.error ?? ''} (manifold reindex resume, or cancel)`
    case 'complete':
      return `${reindex.embeddingModel} is built and waits: manifold reindex switch, or cancel`
  }
}

export type ReindexAct = 'pause' | 'resume' | 'cancel' | 'switch' | 'rollback' | 'drop-former'

/** `manifold reindex <act>`. What goes on in a running engine is not waited for; an own engine finishes it. */
export async function onReindex(context: Context, act: ReindexAct): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const calls = connection.client.reindex
    const answer = await (act === 'drop-former' ? calls.dropFormer({}) : calls[act]({}))
    const goesOn = act === 'resume' || act === 'switch' || act === 'rollback'
    if (goesOn && !connection.running) {
      if (act === 'resume') await buildAndSwitch(connection, context.signal)
      else await waitWithProgress(connection, context.signal)
    }
    const { live, reindex, former } = await connection.client.system.status({})
    if (act === 'resume' && reindex?.state === 'failed')
      throw new AppError('model-invalid', reindex.error ?? 'the index could not be built')
    if (context.json) return printJson({ ...answer, live, reindex, former })
    line(said(act, answer, live.embeddingModel))
  } finally {
    await connection.close()
  }
}

function said(act: ReindexAct, answer: { done: number; freedBytes?: number }, model: string): string {
  if (act === 'drop-former')
    return answer.done > 0 ? `freed ${bytes(answer.freedBytes ?? 0)}` : 'there is no former index to drop'
  if (act === 'switch' || act === 'rollback') return `answering from ${model}`
  if (answer.done === 0) return act === 'pause' ? 'nothing is being built' : 'there is nothing to do that to'
  return { pause: 'paused', resume: 'going on', cancel: `dropped; answering from ${model}` }[act]
}
