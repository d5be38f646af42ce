import type { Context } from './main.ts'
import { connect } from './connect.ts'
import { line, printJson } from './print.ts'

/** `manifold doctor`: exit 1 when a check failed. */
export async function doctor(context: Context): Promise<void> {
  const connection = await connect(context.libraryDir)
  try {
    const report = await connection.client.system.doctor({})
    if (context.json) printJson(report)
    else
      for (const check of report.checks) line(`${check.ok ? 'ok  ' : 'FAIL'}  ${check.name}: ${check.detail}`)
    if (!report.ok) process.exitCode = 1
  } finally {
    await connection.close()
  }
}
