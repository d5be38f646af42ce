/**
 * MessageChannelMain for the stand-in. Ports live in main or, once handed over, in one utility process; main routes.
 * Messages wait until the receiving port was started, and a process that ends closes its ports.
 */
import { EventEmitter } from 'node:events'

/** On the wire between the stand-in's main and a utility process. */
export type Envelope =
  | { kind: 'message'; data: unknown; ports: number[] }
  | { kind: 'port'; id: number; data: unknown }
  | { kind: 'port-closed'; id: number }

export interface PortOwner {
  send(envelope: Envelope): void
}

export class StandInPort extends EventEmitter {
  readonly id: number
  readonly #post: (data: unknown) => void
  readonly #shut: () => void
  #started = false
  #closed = false
  #waiting: unknown[] = []

  constructor(id: number, post: (data: unknown) => void, shut: () => void) {
    super()
    this.id = id
    this.#post = post
    this.#shut = shut
  }

  postMessage(data: unknown): void {
    if (!this.#closed) this.#post(data)
  }

  start(): void {
    this.#started = true
    for (const data of this.#waiting.splice(0)) this.emit('message', { data, ports: [] })
    if (this.#closed) this.emit('close')
  }

  close(): void {
    if (!this.#closed) this.#shut()
    this.#closed = true
  }

  /** Taken out of `ports` for a new owner. */
  handOver(): unknown[] {
    this.#closed = true
    return this.#waiting.splice(0)
  }

  receive(data: unknown): void {
    if (this.#started) this.emit('message', { data, ports: [] })
    else this.#waiting.push(data)
  }

  peerClosed(): void {
    this.#closed = true
    if (this.#started) this.emit('close')
  }
}

/** In main. */
export class PortHub {
  #nextId = 1
  readonly #peers = new Map<number, number>()
  readonly #owners = new Map<number, PortOwner>()
  readonly #local = new Map<number, StandInPort>()

  channel(): { port1: StandInPort; port2: StandInPort } {
    const [a, b] = [this.#nextId++, this.#nextId++]
    this.#peers.set(a, b).set(b, a)
    const make = (id: number) => {
      const port = new StandInPort(
        id,
        (data) => this.route(id, data),
        () => this.closed(id),
      )
      this.#local.set(id, port)
      return port
    }
    return { port1: make(a), port2: make(b) }
  }

  handOver(port: StandInPort, owner: PortOwner): void {
    this.#local.delete(port.id)
    this.#owners.set(port.id, owner)
    for (const data of port.handOver()) owner.send({ kind: 'port', id: port.id, data })
  }

  /** A message posted on port `from`. */
  route(from: number, data: unknown): void {
    const to = this.#peers.get(from)
    if (to === undefined) return
    const copy = structuredClone(data)
    const owner = this.#owners.get(to)
    if (owner) owner.send({ kind: 'port', id: to, data: copy })
    else setImmediate(() => this.#local.get(to)?.receive(copy))
  }

  closed(id: number): void {
    const to = this.#peers.get(id)
    this.#peers.delete(id)
    this.#owners.delete(id)
    if (to === undefined) return
    this.#peers.delete(to)
    const owner = this.#owners.get(to)
    if (owner) owner.send({ kind: 'port-closed', id: to })
    else this.#local.get(to)?.peerClosed()
  }

  ownerGone(owner: PortOwner): void {
    for (const [id, of] of this.#owners) if (of === owner) this.closed(id)
  }
}
