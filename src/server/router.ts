/**
 * The contract's router over an engine: each call goes to the engine's method of the same name. Streams end when the
 * caller goes away. Refuses `local` calls, which name paths, from every door but the private one; and a mirror's address,
 * through which a script in the window could send out what it read.
 */
import { implement, type Router } from '@orpc/server'
import type { AnySchema } from '@orpc/contract'
import { contract } from '../shared/contract.ts'
import { AppError } from '../shared/errors.ts'
import type { EnginePort } from './engine-port.ts'
import { toWireError } from './wire-errors.ts'

/** private: may name paths. window: may not, whatever it asks. */
export type Door = 'private' | 'window'

export interface CallContext {
  door: Door
}

export interface RouterOptions {
  engine: EnginePort
  addressOf(documentId: number): Promise<{ url: string }>
  shutdown(): void
}

interface Handled {
  input: unknown
  signal?: AbortSignal
  context: CallContext
}

type Method = (...argument: unknown[]) => unknown
type Groups = Record<string, Record<string, { '~orpc': { inputSchema?: AnySchema } }>>

export function createRouter({
  engine,
  addressOf,
  shutdown,
}: RouterOptions): Router<typeof contract, CallContext> {
  const own: Record<string, Method> = {
    'documents.address': (input) => addressOf((input as { id: number }).id),
    'local.shutdown': () => {
      shutdown()
      return Promise.resolve({ done: 1 })
    },
  }
  const builder = implement(contract)
    .$context<CallContext>()
    .use(async ({ next, path, context }) => {
      try {
        if (path[0] === 'local' && context.door !== 'private') {
          throw new AppError(
            'forbidden',
            'This call names paths of this computer; only the app itself may make it.',
          )
        }
        return await next()
      } catch (error) {
        throw toWireError(error)
      }
    })

  const router: Record<string, Record<string, unknown>> = {}
  for (const [group, calls] of Object.entries(contract as unknown as Groups)) {
    const handlers: Record<string, unknown> = {}
    for (const [name, procedure] of Object.entries(calls)) {
      const method = own[`${group}.${name}`] ?? methodOf(engine, group, name)
      const takesNothing = isEmptyInput(procedure['~orpc'].inputSchema)
      const implementer = (
        builder as unknown as Record<string, Record<string, { handler(f: unknown): unknown }>>
      )[group]![name]!
      handlers[name] = implementer.handler(({ input, signal, context }: Handled) => {
        if (context.door !== 'private' && group === 'settings' && name === 'update') refuseMirror(input)
        const abort = signal ?? new AbortController().signal
        const answer = takesNothing ? method(abort) : method(input, abort)
        return isStream(answer) ? stream(answer, abort) : answer
      })
    }
    router[group] = handlers
  }
  return router as unknown as Router<typeof contract, CallContext>
}

/** The person says it to the app's own dialog, or to the command line; clearing it is harmless. */
function refuseMirror(input: unknown): void {
  if (!(input as { modelMirror?: string }).modelMirror) return
  throw new AppError(
    'forbidden',
    'A source of your own is set in the app itself, or with: manifold models source custom --mirror <address>',
    { data: { problem: 'mirror' } },
  )
}

function methodOf(engine: EnginePort, group: string, name: string): Method {
  const owner = (engine as unknown as Record<string, Record<string, Method>>)[group]
  if (typeof owner?.[name] !== 'function')
    throw new AppError('internal', `the engine has no ${group}.${name}`)
  return (...argument) => owner[name]!(...argument)
}

/** Whether the contract's call takes nothing: then the engine's method gets the signal first. */
function isEmptyInput(schema: AnySchema | undefined): boolean {
  if (!schema) return true
  const probe = schema['~standard'].validate({})
  if (probe instanceof Promise || probe.issues) return false
  const shape = (schema as { def?: { innerType?: { shape?: object } } }).def?.innerType?.shape
  return shape !== undefined && Object.keys(shape).length === 0
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

/** A generator that waits for its next value does not see `return()` until it has one; so a gone caller is raced. */
async function* stream(values: AsyncIterable<unknown>, signal: AbortSignal): AsyncGenerator<unknown> {
  const iterator = values[Symbol.asyncIterator]()
  const gone = new Promise<'gone'>((resolve) =>
    signal.addEventListener('abort', () => resolve('gone'), { once: true }),
  )
  try {
    while (!signal.aborted) {
      const next = await Promise.race([iterator.next(), gone])
      if (next === 'gone' || next.done) return
      yield next.value
    }
  } catch (error) {
    if (!signal.aborted) throw toWireError(error)
  } finally {
    // Not awaited: an engine that never wakes must not hold the connection.
    void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}
