/** An engine in a process of its own, told what to do by a JSON value a line on stdin: so that a test can kill it at any moment. */
import { createInterface } from 'node:readline'
import { createEngine } from '../../src/core/engine.ts'
import { createNodeHost } from '../../src/core/node-host.ts'
import { DocumentQuery } from '../../src/shared/contract.ts'
import { AppError } from '../../src/shared/errors.ts'
import { SearchRequest, type SearchUpdate } from '../../src/shared/search.ts'
import type { SettingsPatch } from '../../src/shared/settings.ts'

export type Op =
  | { do: 'add'; paths: string[] }
  | { do: 'rescan' | 'idle' | 'pid' | 'status' | 'doctor' | 'close' }
  | { do: 'remove' | 'restore'; name: string }
  | { do: 'settings'; patch: SettingsPatch }
  | { do: 'switch' | 'rollback' | 'dropFormer' | 'pause' | 'resume' | 'cancel' }
  | { do: 'find'; query: string }

const engine = await createEngine({
  host: createNodeHost(),
  libraryDir: process.argv[2]!,
  version: 'test',
  watch: false,
})
const idsOf = async (name: string, statuses?: ['removed']): Promise<number[]> => {
  const query = DocumentQuery.parse({ text: name, ...(statuses ? { statuses } : {}) })
  const { documents } = await engine.documents.list(query)
  return documents.filter((one) => one.path.endsWith(`/${name}`)).map((one) => one.id)
}

async function run(op: Op): Promise<unknown> {
  switch (op.do) {
    case 'add':
      return engine.local.add({ paths: op.paths })
    case 'rescan':
      return engine.rescan()
    case 'idle':
      return engine.idle()
    case 'pid':
      return engine.indexerPid() ?? null
    case 'status':
      return engine.system.status()
    case 'doctor':
      return engine.system.doctor()
    case 'close':
      return engine.close()
    case 'remove':
      return engine.documents.remove({ ids: await idsOf(op.name) })
    case 'restore':
      return engine.documents.restore({ ids: await idsOf(op.name, ['removed']) })
    case 'settings':
      return engine.settings.update(op.patch)
    case 'find': {
      let last: SearchUpdate | null = null
      const request = SearchRequest.parse({ query: op.query, mode: 'exact' })
      for await (const update of engine.search.run(request, new AbortController().signal)) last = update
      return last!.hits.map((hit) => hit.document.path)
    }
    default:
      return engine.reindex[op.do]()
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const op = JSON.parse(line) as Op
  let said: object
  try {
    said = { value: (await run(op)) ?? null }
  } catch (error) {
    said = { error: error instanceof AppError ? error.code : String(error) }
  }
  process.stdout.write(`${JSON.stringify(said)}\n`)
  if (op.do === 'close') break
}
// Whoever started this keeps the pipe open; a closed engine leaves nothing else behind.
process.stdin.destroy()
