import { resolve } from 'node:path'
import type { Context } from './main.ts'
import { connect } from './connect.ts'
import { createProgressLine, printJson } from './print.ts'

/** `manifold evaluate`: the report on stdout, the figures of each query only in JSON for programs; progress on stderr. */
export async function evaluate(
  context: Context,
  folder: string,
  { distractors, maxQueries }: { distractors?: string; maxQueries?: number },
): Promise<void> {
  const connection = await connect(context.libraryDir)
  const progress = createProgressLine()
  try {
    const steps = await connection.client.local.evaluate(
      {
        folder: resolve(folder),
        ...(distractors === undefined ? {} : { distractors: resolve(distractors) }),
        ...(maxQueries === undefined ? {} : { maxQueries }),
      },
      { signal: context.signal },
    )
    let report: unknown = null
    for await (const step of steps) {
      progress.show(`${step.stage} ${step.done} of ${step.total}`)
      report = step.report ?? report
    }
    progress.end()
    if (context.json) printJson(report)
    else
      process.stdout.write(
        `${JSON.stringify(report, (key, value) => (key === 'each' ? undefined : value), 2)}\n`,
      )
  } finally {
    await connection.close()
  }
}
