/**
 * The errors that cross a boundary: thread, process, wire. Callers switch on `code`, never on the text.
 * What can happen to a person's file is not an error but data: see `Reason` in document.ts.
 */
export const errorCodes = [
  'bad-request',
  'bad-query',
  'unauthorized',
  'forbidden',
  'not-found',
  'conflict',
  'too-large',
  'library-locked',
  'library-newer',
  'library-remote',
  'library-damaged',
  'model-missing',
  'model-invalid',
  'space-mismatch',
  'disk-full',
  'unavailable',
  'cancelled',
  'internal',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** Facts a translated message may quote. */
export type ErrorData = Record<string, string | number>

/** An expected failure. `message` is plain English; the window translates by `code` and `data`. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly data: ErrorData

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; data?: ErrorData } = {}) {
    super(message, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.data = options.data ?? {}
  }
}

/** What an AppError looks like on a message port, where classes do not survive. */
export interface ErrorShape {
  code: ErrorCode
  message: string
  data: ErrorData
}

const diskFullCodes = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT', 'disk-full'])

/** As SQLite, the file system and we say it: nothing of ours is wrong, and the person can do something about it. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && diskFullCodes.has(String(error.code))

export function toErrorShape(error: unknown): ErrorShape {
  if (error instanceof AppError) return { code: error.code, message: error.message, data: error.data }
  if (isDiskFull(error)) {
    return { code: 'disk-full', message: 'The disk is full. Free some space, then try again.', data: {} }
  }
  return {
    code: 'internal',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    data: {},
  }
}

export function fromErrorShape(shape: ErrorShape): AppError {
  return new AppError(shape.code, shape.message, { data: shape.data })
}
