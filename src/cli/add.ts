import type { Context } from './main.ts'
import { connect } from './connect.ts'
import { createProgressLine, line, printJson, progressText } from './print.ts'
import { reasonText } from './words.ts'

/** `manifold add`: exit 1 when a given path could not be added at all. */
export async function add(context: Context, paths: string[], { wait }: { wait: boolean }): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const { client } = connection
    // The engine may run elsewhere, so paths are made whole here.
    const { resolve } = await import('node:path')
    const report = await client.local.add({ paths: paths.map((path) => resolve(path)) })
    if (wait) await waitWithProgress(connection, context.signal)
    else if (!connection.running) {
      process.stderr.write('manifold: added by name; the next command or the app reads the contents\n')
    }
    const { documents } = await client.system.status({})
    if (context.json) printJson({ ...report, library: documents })
    else {
      line(`${report.documents} new or changed, ${report.unchanged} unchanged`)
      line(
        `${documents.indexed} indexed, ${documents.partial} partly, ${documents.failed} failed, ${documents.waiting} waiting`,
      )
    }
    for (const refused of report.refused) {
      process.stderr.write(
        `manifold: ${refused.path}: ${reasonText({ code: refused.reason, data: {} }, context.language)}\n`,
      )
    }
    const given = new Set(paths.map((path) => resolve(path)))
    if (report.refused.some((refused) => given.has(refused.path))) process.exitCode = 1
  } finally {
    await connection.close()
  }
}

/** Shows progress on stderr until the engine has nothing left to do. */
export async function waitWithProgress(
  connection: Awaited<ReturnType<typeof connect>>,
  signal: AbortSignal,
): Promise<void> {
  const progress = createProgressLine()
  const timer = setInterval(async () => {
    try {
      const text = progressText(await connection.client.system.status({}))
      if (text) progress.show(text)
    } catch {
      // The wait itself reports what went wrong.
    }
  }, 500)
  try {
    await connection.idle(signal)
  } finally {
    clearInterval(timer)
    progress.end()
  }
}
