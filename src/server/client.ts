/** The contract, typed, over a running engine's private socket: for the command line and for Electron's main process. */
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '../shared/contract.ts'
import { fromWireError } from './wire-errors.ts'
import { clearAddress, readAddress, runtimeDirOf, type EngineAddress } from './runtime.ts'
import { socketFetch } from './socket-fetch.ts'

export type EngineClient = ContractRouterClient<Contract>

/** Failures of the calls reject with AppError, as the engine's own methods do. */
export function createEngineClient({ socket, privateToken }: EngineAddress): EngineClient {
  const link = new RPCLink({
    url: 'http://manifold/rpc',
    headers: { authorization: `Bearer ${privateToken}` },
    fetch: (request) => socketFetch(socket, request),
    interceptors: [
      async ({ next }) => {
        try {
          return await next()
        } catch (error) {
          throw fromWireError(error) ?? error
        }
      },
    ],
  })
  return createORPCClient(link)
}

/** A code with which one new window can sign in. */
export async function newWindowCode({ socket, privateToken }: EngineAddress): Promise<string> {
  const headers = { authorization: `Bearer ${privateToken}` }
  const response = await socketFetch(
    socket,
    new Request('http://manifold/session/code', { method: 'POST', headers }),
  )
  return ((await response.json()) as { code: string }).code
}

/** Session token of a new window. */
export async function newWindowToken(address: EngineAddress): Promise<string> {
  const body = JSON.stringify({ code: await newWindowCode(address) })
  const headers = { 'content-type': 'application/json' }
  const response = await socketFetch(
    address.socket,
    new Request('http://manifold/session', { method: 'POST', body, headers }),
  )
  return ((await response.json()) as { token: string }).token
}

/** Whether the engine that wrote this address is there. Rejects when nobody is. */
async function answers({ socket, privateToken }: EngineAddress): Promise<boolean> {
  const headers = { authorization: `Bearer ${privateToken}` }
  return (await socketFetch(socket, new Request('http://manifold/session', { headers }))).ok
}

/** The engine that has this library open, or null. A stale address is cleared away. */
export async function findEngine(libraryDir: string): Promise<EngineAddress | null> {
  const directory = await runtimeDirOf(libraryDir)
  const address = await readAddress(directory)
  if (!address) return null
  try {
    return (await answers(address)) ? address : null
  } catch {
    await clearAddress(directory, address)
    return null
  }
}
