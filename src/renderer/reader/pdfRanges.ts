/**
 * The bytes of a PDF, a stretch at a time. A signed address lasts minutes and reading lasts hours, so an expired one is
 * replaced by a fresh one and the stretch asked for again. What cannot be had at all is told to `onLost`.
 */
import { PDFDataRangeTransport } from 'pdfjs-dist'
import { AppError } from '../../shared/errors.ts'

const firstBytes = 131_072

export async function openRanges(
  address: () => Promise<string>,
  signal: AbortSignal,
  onLost: (error: unknown) => void,
): Promise<PDFDataRangeTransport> {
  let url = await address()

  async function ask(begin: number, end: number): Promise<Response> {
    const get = () => fetch(url, { headers: { range: `bytes=${begin}-${end - 1}` }, signal })
    let response = await get()
    if (response.status === 401 || response.status === 403) {
      url = await address()
      response = await get()
    }
    if (!response.ok) throw new AppError('not-found', `the file answered ${response.status}`)
    return response
  }

  const first = await ask(0, firstBytes)
  const start = new Uint8Array(await first.arrayBuffer())
  const length = Number(/\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1] ?? start.length)

  class Ranges extends PDFDataRangeTransport {
    override requestDataRange(begin: number, end: number): void {
      ask(begin, end)
        .then((response) => response.arrayBuffer())
        .then((bytes) => this.onDataRange(begin, new Uint8Array(bytes)))
        .catch((error: unknown) => {
          if (!signal.aborted) onLost(error)
        })
    }
  }
  return new Ranges(length, start)
}
