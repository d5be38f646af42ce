/**
 * Preloaded into the stand-in's utility processes: `process.type` is 'utility' (pdf.js then takes itself to be in a
 * browser), there is parentPort and no other channel to the parent, and nothing can be forked from here.
 */
import { EventEmitter } from 'node:events'
import { forbidFork } from './electron-fuses.ts'
import { StandInPort, type Envelope } from './electron-ports.ts'

const send = process.send!.bind(process) as (envelope: Envelope) => void
const ports = new Map<number, StandInPort>()

class ParentPort extends EventEmitter {
  #waiting: { data: unknown; ports: StandInPort[] }[] = []

  constructor() {
    super()
    // Electron's port starts with the first listener.
    this.on('newListener', (name) => {
      if (name !== 'message' || this.listenerCount('message') > 0) return
      setImmediate(() => {
        for (const event of this.#waiting.splice(0)) this.emit('message', event)
      })
    })
  }

  postMessage(data: unknown): void {
    send({ kind: 'message', data: structuredClone(data), ports: [] })
  }

  receive(event: { data: unknown; ports: StandInPort[] }): void {
    if (this.listenerCount('message') > 0 && this.#waiting.length === 0) this.emit('message', event)
    else this.#waiting.push(event)
  }
}

const parentPort = new ParentPort()

function portOf(id: number): StandInPort {
  let port = ports.get(id)
  if (!port) {
    port = new StandInPort(
      id,
      (data) => send({ kind: 'port', id, data }),
      () => send({ kind: 'port-closed', id }),
    )
    ports.set(id, port)
  }
  return port
}

process.on('message', (envelope: Envelope) => {
  if (envelope.kind === 'message')
    parentPort.receive({ data: envelope.data, ports: envelope.ports.map(portOf) })
  if (envelope.kind === 'port') portOf(envelope.id).receive(envelope.data)
  if (envelope.kind === 'port-closed') portOf(envelope.id).peerClosed()
})
process.on('disconnect', () => process.exit(0))

Object.defineProperty(process, 'type', { value: 'utility' })
Object.defineProperty(process.versions, 'electron', { value: '45.4.1' })
Object.defineProperty(process, 'resourcesPath', { value: '/nowhere/electron/dist/resources' })
Object.defineProperty(process, 'parentPort', { value: parentPort, enumerable: true, writable: false })
Object.defineProperty(process, 'send', { value: undefined })
forbidFork()
