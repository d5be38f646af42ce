/**
 * The command line [design 9]: the same engine for scripts, servers and checks. `--json` prints one JSON value on
 * stdout and nothing else. Exit 0 done, 1 failed (the reason on stderr), 2 wrong usage.
 */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { resolve } from 'node:path'
import { packageVersion } from '../core/package-layout.ts'
import { defaultLibraryDir } from '../server/runtime.ts'
import type { DeviceId } from '../shared/devices.ts'
import { AppError } from '../shared/errors.ts'
import { modelSources, type ModelSource } from '../shared/models.ts'
import { searchModes } from '../shared/search.ts'
import { devices } from '../shared/settings.ts'
import { add } from './add.ts'
import { testDevice, useDevice } from './devices.ts'
import { doctor } from './doctor.ts'
import { evaluate } from './evaluate.ts'
import { listDocuments, onDocuments, showDocument } from './documents.ts'
import {
  downloadModel,
  importModel,
  listModels,
  modelSource,
  removeModel,
  testModel,
  useModel,
} from './models.ts'
import { onReindex, reindex, reindexStatus } from './reindex.ts'
import { search } from './search.ts'
import { serve } from './serve.ts'
import { status } from './status.ts'
import { errorText, languageOf, type Language } from './words.ts'

export interface Context {
  libraryDir: string
  json: boolean
  language: Language
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
}

const language = languageOf(process.env)
const interrupted = new AbortController()
let interrupts = 0
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    interrupted.abort()
    // What is written is safe at any instant: who asks twice, or waits in vain, need not wait for a tidy end.
    if (++interrupts > 1) process.exit(130)
    setTimeout(() => process.exit(130), 5_000).unref()
  })
}
// `manifold search … | head` closes the pipe early; that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const program = new Command('manifold')
  .description('Find anything in your files by meaning. Nothing leaves this computer.')
  .version(packageVersion())
  .option('--library <folder>', 'the library folder (or MANIFOLD_LIBRARY)')
  .option('--json', 'print one JSON value on stdout and nothing else', false)
  .exitOverride()
  .configureOutput({ writeErr: (text) => void process.stderr.write(text) })

function context(command: Command): Context {
  const { library, json } = command.optsWithGlobals<{ library?: string; json: boolean }>()
  return {
    libraryDir: library === undefined ? defaultLibraryDir() : resolve(library),
    json,
    language,
    signal: interrupted.signal,
  }
}

/** Global options may stand after the command too. */
function command(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .exitOverride()
    .addOption(new Option('--library <folder>').hideHelp())
    .addOption(new Option('--json').hideHelp())
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('A whole number is expected.')
  return value
}

command(program, 'add', 'link files and folders; waits until they are indexed')
  .argument('<path...>')
  .option('--no-wait', 'return as soon as the names can be found')
  .action((paths: string[], options: { wait: boolean }, self: Command) => add(context(self), paths, options))

command(program, 'search', 'search the library')
  .argument('<query...>')
  .option('--limit <n>', 'hits at most', wholeNumber, 10)
  .addOption(new Option('--mode <mode>', 'how to search').choices([...searchModes]).default('hybrid'))
  .option('--no-rerank', 'leave the fused order')
  .action(
    (
      query: string[],
      options: { limit: number; mode: (typeof searchModes)[number]; rerank: boolean },
      self: Command,
    ) => search(context(self), query.join(' '), options),
  )

command(program, 'status', 'coverage, failures with reasons, sizes, model').action(
  (_options, self: Command) => status(context(self)),
)
command(program, 'doctor', 'check the library for integrity').action((_options, self: Command) =>
  doctor(context(self)),
)

const documents = command(program, 'documents', 'list and manage documents').action(
  (_options, self: Command) => listDocuments(context(self)),
)
command(documents, 'list', 'every document with its state').action((_options, self: Command) =>
  listDocuments(context(self)),
)
command(documents, 'show', 'one document and its text')
  .argument('<id>', '', wholeNumber)
  .action((id: number, _options, self: Command) => showDocument(context(self), id))
for (const [name, description] of [
  ['remove', 'hide a document; its folder will not add it again'],
  ['forget', 'remove every trace of a document, then look for one'],
  ['retry', 'read a failed document again'],
] as const) {
  command(documents, name, description)
    .argument('<id...>')
    .action((ids: string[], _options, self: Command) =>
      onDocuments(context(self), name, ids.map(wholeNumber)),
    )
}

const models = command(program, 'models', 'list models, or change the one in use').action(
  (_options, self: Command) => listModels(context(self)),
)
command(models, 'list', 'the models that can be used')
  .option('--available', 'and those that can be downloaded')
  .action((options: { available?: boolean }, self: Command) => listModels(context(self), options))
command(models, 'import', 'take a model from a folder or a zip, and test it')
  .argument('<folder|zip>')
  .action((path: string, _options, self: Command) => importModel(context(self), path))
command(models, 'download', 'fetch a model of the catalogue; the only command that uses the network')
  .argument('<id>')
  .addOption(new Option('--source <source>', 'where from, this once').choices([...modelSources]))
  .action((id: string, options: { source?: ModelSource }, self: Command) =>
    downloadModel(context(self), id, options),
  )
command(models, 'source', 'whom downloads ask: huggingface, hf-mirror, modelscope or custom')
  .addArgument(new Argument('[source]').choices([...modelSources]))
  .option('--mirror <address>', 'the address of the custom source')
  .action((source: ModelSource | undefined, options: { mirror?: string }, self: Command) =>
    modelSource(context(self), source, options),
  )
command(models, 'remove', 'delete a model that was downloaded or imported')
  .argument('<id>')
  .action((id: string, _options, self: Command) => removeModel(context(self), id))
command(models, 'test', 'check that a model gives vectors that can be trusted')
  .argument('<id>')
  .option('--use-anyway', 'use it although a check fails')
  .option('--no-use-anyway', 'take that back')
  .addOption(
    new Option('--device <device>', 'try it on a device, and compare with the CPU').choices([...devices]),
  )
  .action((id: string, options: { useAnyway?: boolean; device?: DeviceId }, self: Command) =>
    options.device === undefined
      ? testModel(context(self), id, options)
      : testDevice(context(self), id, options.device),
  )
command(models, 'device', 'what models can run on; or use another device from now on')
  .addArgument(new Argument('[device]').choices([...devices]))
  .action((device: DeviceId | undefined, _options, self: Command) => useDevice(context(self), device))
command(models, 'use', 'change the model; an embedding model builds a new index beside the live one')
  .argument('<id>')
  .option('--no-wait', 'return while the new index is being built')
  .action((id: string, options: { wait: boolean }, self: Command) => useModel(context(self), id, options))

const reindexing = command(program, 'reindex', 'build the index anew from stored text')
  .option('--wait', 'return when it is built and in use')
  .action((options: { wait?: boolean }, self: Command) =>
    reindex(context(self), { wait: options.wait === true }),
  )
command(reindexing, 'status', 'what is being built, and what can be gone back to').action(
  (_options, self: Command) => reindexStatus(context(self)),
)
for (const [name, description] of [
  ['pause', 'stop building until told to go on'],
  ['resume', 'go on building, also after a failure'],
  ['cancel', 'drop what is being built; the live index and its settings stay'],
  ['switch', 'answer from the index that is built and waits'],
  ['rollback', 'answer from the former index again; it catches up'],
  ['drop-former', "give the former index's disk back"],
] as const) {
  command(reindexing, name, description).action((_options, self: Command) => onReindex(context(self), name))
}

command(program, 'evaluate', 'measure search on a labelled set in BEIR layout')
  .argument('<folder>')
  .option('--distractors <file>', 'more passages to hide the answers among')
  .option('--max-queries <n>', 'queries at most', wholeNumber)
  .action((folder: string, options: { distractors?: string; maxQueries?: number }, self: Command) =>
    evaluate(context(self), folder, options),
  )

command(program, 'serve', 'open the browser door')
  .option('--port <n>', 'port on 127.0.0.1', wholeNumber, 0)
  .option('--no-open', 'do not open a browser')
  .action((options: { port: number; open: boolean }, self: Command) => serve(context(self), options))

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version end here too, with 0.
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else if (error instanceof AppError) {
    process.stderr.write(`manifold: ${errorText(error, language)}\n`)
    process.exitCode = 1
  } else {
    process.stderr.write(
      `manifold: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
    process.exitCode = 1
  }
}
