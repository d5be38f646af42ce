/**
 * Loaded into every process of an engine by NODE_OPTIONS: writes each connection, name look-up and datagram that is
 * asked for to the file MANIFOLD_TEST_NETWORK_LOG, before it is made. Sockets of this computer's own doors have paths
 * or loopback addresses; everything else has no business here.
 */
import { appendFileSync } from 'node:fs'
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const log = process.env.MANIFOLD_TEST_NETWORK_LOG
const record = (what: string, detail: unknown) => {
  if (log) appendFileSync(log, `${process.pid} ${what} ${JSON.stringify(detail)}\n`)
}

record('started', process.argv[1])

const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (this: net.Socket, ...options: unknown[]) {
  const first = (Array.isArray(options[0]) ? options[0][0] : options[0]) as
    { path?: string; host?: string } | number
  const isPath = typeof first === 'object' ? first.path !== undefined : typeof first === 'string'
  const host = typeof first === 'object' ? (first.host ?? 'localhost') : String(options[1] ?? 'localhost')
  if (!isPath && !/^(localhost|127\.|::1)/.test(host)) record('connect', first)
  return (connect as (...all: unknown[]) => net.Socket).apply(this, options)
} as typeof connect

for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6'] as const) {
  const original = dns[name] as (...all: unknown[]) => unknown
  Object.assign(dns, {
    [name]: (host: string, ...rest: unknown[]) => {
      if (!/^(localhost|127\.|::1)/.test(host)) record(name, host)
      return original(host, ...rest)
    },
  })
}

const send = dgram.Socket.prototype.send as (...all: unknown[]) => void
dgram.Socket.prototype.send = function (this: dgram.Socket, ...options: unknown[]) {
  record('datagram', options.slice(1))
  return send.apply(this, options)
} as typeof dgram.Socket.prototype.send

syncBuiltinESMExports()
