/** Typed jobs in a child process: the same calls as over a thread's port, and a death that rejects them. */
import { AppError } from '../../shared/errors.ts'
import type { ChildHandle, ParentHandle } from '../host.ts'
import { connect, serve, type Client, type Jobs } from '../threads/rpc.ts'

export function connectChild<J extends Jobs>(child: ChildHandle, name: string): Client<J> {
  const client = connect<J>({
    postMessage: (message) => child.send(message),
    onMessage: (listener) => child.onMessage(listener),
  })
  child.onExit((code) => client.fail(new AppError('unavailable', `the ${name} process ended (code ${code})`)))
  return client
}

export function serveParent(parent: ParentHandle, makeJobs: () => Jobs): void {
  serve(
    { postMessage: (message) => parent.send(message), onMessage: (listener) => parent.onMessage(listener) },
    makeJobs,
  )
}
