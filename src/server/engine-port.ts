/**
 * What the doors need of an engine: one method for every call of the contract, grouped the same way, with checked
 * input and unchecked output. Two calls are the door's own and not here: `documents.address` (it holds the signing
 * key) and `local.shutdown` (it belongs to whoever started the process).
 */
import type { AnySchema, InferSchemaInput, InferSchemaOutput } from '@orpc/contract'
import type { Contract } from '../shared/contract.ts'
import type { DocumentKind } from '../shared/document.ts'
import type { ModelInfo } from '../shared/status.ts'

/** Calls that take nothing get the signal first. */
type Arguments<Input> =
  Input extends Record<string, never> ? [signal: AbortSignal] : [input: Input, signal: AbortSignal]

type Answer<Output> =
  Output extends AsyncIteratorObject<infer Value, unknown, void> ? AsyncIterable<Value> : Promise<Output>

type Call<Procedure> = Procedure extends {
  '~orpc': { inputSchema?: infer Input extends AnySchema; outputSchema?: infer Output extends AnySchema }
}
  ? (...argument: Arguments<InferSchemaOutput<Input>>) => Answer<InferSchemaInput<Output>>
  : never

type Calls<Group> = { [Name in keyof Group]: Call<Group[Name]> }

export interface StoredFile {
  path: string
  kind: DocumentKind
  /** What the person knows it as; only for the download's name. */
  name: string
  sizeBytes: number
}

export interface Upload {
  /** The client's relative path, '/' between folders. A name to show, never a place to write. */
  name: string
  /** Milliseconds since 1970, or null where the client did not say. */
  lastModified: number | null
  body: ReadableStream<Uint8Array>
  signal: AbortSignal
}

export type EnginePort = {
  [Group in Exclude<keyof Contract, 'documents' | 'local'>]: Calls<Contract[Group]>
} & {
  documents: Omit<Calls<Contract['documents']>, 'address'> & {
    /** Rejects with AppError 'not-found' when there is no such document or no file to read. */
    file(id: number): Promise<StoredFile>
  }
  local: Omit<Calls<Contract['local']>, 'shutdown'>
  uploads: {
    receive(upload: Upload): Promise<{ documentId: number; unchanged: boolean }>
    /** A zip of one model. */
    receiveModel(upload: Omit<Upload, 'lastModified'>): Promise<{ model: ModelInfo }>
  }
  close(): Promise<void>
}
