/** AppError on the wire: the status a code answers with, the JSON outside oRPC, and the contract's APP_ERROR inside it. */
import { ORPCError } from '@orpc/client'
import { AppError, errorCodes, toErrorShape, type ErrorCode, type ErrorData } from '../shared/errors.ts'

const statuses: Partial<Record<ErrorCode, number>> = {
  'bad-request': 400,
  'bad-query': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  internal: 500,
  unavailable: 503,
}

/** For answers outside oRPC. Inside, the contract knows one status for every refusal, 422. */
const statusOf = (code: ErrorCode): number => statuses[code] ?? 422

/** An unexpected error is logged where it happened and told without its stack. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof ORPCError) {
    if (error.code === 'BAD_REQUEST')
      return new AppError('bad-request', inputProblem(error), { cause: error })
    if (error.code === 'NOT_FOUND')
      return new AppError('not-found', 'there is no such call', { cause: error })
    const fromWire = fromWireError(error)
    if (fromWire) return fromWire
  }
  if (error instanceof Error && (error.name === 'AbortError' || isGoneClient(error))) {
    return new AppError('cancelled', 'cancelled', { cause: error })
  }
  console.error(error)
  return new AppError('internal', 'Something went wrong inside Manifold. The log has the details.', {
    cause: error,
  })
}

const isGoneClient = (error: Error): boolean => (error as NodeJS.ErrnoException).code === 'ECONNRESET'

/** The first few things wrong with a request, with the field each is about. */
function inputProblem(error: ORPCError<string, unknown>): string {
  const { issues } = (error.data ?? {}) as { issues?: { path?: unknown[]; message: string }[] }
  if (!Array.isArray(issues)) return error.message
  return issues
    .slice(0, 3)
    .map((issue) => {
      const path = (issue.path ?? [])
        .map((step) => String((step as { key?: unknown })?.key ?? step))
        .join('.')
      return path ? `${path}: ${issue.message}` : issue.message
    })
    .join('; ')
}

export function toWireError(error: unknown): ORPCError<'APP_ERROR', { code: ErrorCode; data: ErrorData }> {
  const { code, message, data } = toErrorShape(asAppError(error))
  return new ORPCError('APP_ERROR', { defined: true, status: 422, message, data: { code, data } })
}

/** The AppError a client call failed with, or null when it is not one of ours. */
export function fromWireError(error: unknown): AppError | null {
  if (!(error instanceof ORPCError) || error.code !== 'APP_ERROR') return null
  const { code, data } = (error.data ?? {}) as { code?: ErrorCode; data?: ErrorData }
  if (!code || !errorCodes.includes(code)) return null
  return new AppError(code, error.message, { data: data ?? {}, cause: error })
}

export function errorResponse(error: unknown, headers: Record<string, string> = {}): Response {
  const shape = toErrorShape(asAppError(error))
  return Response.json(shape, { status: statusOf(shape.code), headers })
}
