/**
 * How this program starts threads and processes, and where its resources lie. Node and Electron do it differently,
 * and a bundle has other file names than the source: so it is passed in, and core/ stays free of both.
 */
import type { Worker } from 'node:worker_threads'

/** Each role is one entry file: src/core/threads/<role>.ts. */
export const threadRoles = ['library', 'search', 'inference'] as const
export type ThreadRole = (typeof threadRoles)[number]

/** Each role is one entry file: src/core/processes/<role>.ts. */
export const processRoles = ['engine', 'indexer', 'extractor', 'prober'] as const
export type ProcessRole = (typeof processRoles)[number]

/** A child process with structured-clone messages (typed arrays survive). */
export interface ChildHandle {
  readonly pid: number | undefined
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** Called once; `code` is null when a signal ended it. */
  onExit(listener: (code: number | null) => void): void
  kill(): void
}

/** The other end, inside the child. */
export interface ParentHandle {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** The parent is gone: leave. */
  onDisconnect(listener: () => void): void
}

export interface Host {
  /** `data` arrives as `workerData`. */
  spawnThread(role: ThreadRole, data: unknown): Worker
  spawnProcess(role: ProcessRole, options?: { lowPriority?: boolean }): Promise<ChildHandle>
  /** Folders shipped with the program. */
  readonly resources: {
    /** Built-in models. */
    models: string
    /** cmaps/, standard_fonts/, wasm/, iccs/ of pdfjs-dist. */
    pdf: string
  }
}
