/**
 * PUT /upload?name=<relative path>&lastModified=<ms>: one file's bytes, streamed to the engine; PUT /models/upload?name=
 * <file>: a zip of one model. The length comes as Content-Length, or as ?size= where the client cannot set that.
 * Refuses a missing, false or too large one.
 */
import { AppError } from '../shared/errors.ts'
import type { ModelInfo } from '../shared/status.ts'
import type { EnginePort } from './engine-port.ts'

/** Larger than any document the extractors read, so that one of 300 MB is kept and gets its reason like any other. */
export const uploadLimitBytes = 2_000_000_000
/** A model of 600 million float32 parameters has 2.4 GB. */
export const modelUploadLimitBytes = 8_000_000_000

export async function receiveUpload(
  engine: EnginePort,
  request: Request,
  url: URL,
): Promise<{ documentId: number; unchanged: boolean }> {
  const lastModified = Number(url.searchParams.get('lastModified') ?? Number.NaN)
  return engine.uploads.receive({
    ...bounded(request, url, uploadLimitBytes),
    lastModified: Number.isFinite(lastModified) && lastModified >= 0 ? lastModified : null,
  })
}

export const receiveModelUpload = (
  engine: EnginePort,
  request: Request,
  url: URL,
): Promise<{ model: ModelInfo }> => engine.uploads.receiveModel(bounded(request, url, modelUploadLimitBytes))

function bounded(request: Request, url: URL, limitBytes: number) {
  const name = checkName(url.searchParams.get('name') ?? '')
  // Electron streams a body to app:// without its length, so the address may say it too.
  const declared = request.headers.get('content-length') ?? url.searchParams.get('size')
  if (declared === null || !/^\d{1,15}$/.test(declared)) {
    throw new AppError('bad-request', 'An upload has to say how long it is.')
  }
  const sizeBytes = Number(declared)
  if (sizeBytes > limitBytes) {
    throw new AppError('too-large', 'This file is larger than Manifold accepts.', {
      data: { name, sizeBytes, limitBytes },
    })
  }
  return {
    name,
    body: exactly(request.body ?? new Blob([]).stream(), sizeBytes),
    signal: request.signal,
  }
}

/** A relative path to show. It is never a place to write; still, nothing that climbs or points elsewhere is let in. */
function checkName(name: string): string {
  const steps = name.replaceAll('\\', '/').split('/')
  const isBad = (step: string) => step === '' || step === '.' || step === '..' || /[\0-\x1f\x7f]/.test(step)
  if (name.length > 4096 || steps.some(isBad)) {
    throw new AppError('bad-request', 'An upload needs a relative file name.')
  }
  return steps.join('/')
}

/** Passes the body through and fails where it is longer or shorter than it said. */
function exactly(body: ReadableStream<Uint8Array>, sizeBytes: number): ReadableStream<Uint8Array> {
  let length = 0
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        length += part.length
        if (length > sizeBytes) throw new AppError('bad-request', 'The upload is longer than it said.')
        controller.enqueue(part)
      },
      flush() {
        if (length < sizeBytes) throw new AppError('bad-request', 'The upload ended early.')
      },
    }),
  )
}
