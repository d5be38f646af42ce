/** Random tokens, signed addresses and one-time codes. Every comparison takes the same time whatever it is given. */
import { createHmac, randomBytes, timingSafeEqual, createHash } from 'node:crypto'

export const newToken = (): string => randomBytes(32).toString('base64url')

/** Hashed first, so that neither content nor length shows in the time taken. */
export function sameSecret(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(expected))
}

/** Looks at every candidate, found or not. */
export function includesSecret(candidates: Iterable<string>, given: string): boolean {
  let found = false
  for (const candidate of candidates) found = sameSecret(given, candidate) || found
  return found
}

/** Signs "this document until then" with a key that lives as long as the process. */
export function createSigner(lifetimeMs = 15 * 60_000, now: () => number = Date.now) {
  const key = randomBytes(32)
  const sign = (id: number, expires: number) =>
    createHmac('sha256', key).update(`${id}.${expires}`).digest('base64url')
  return {
    /** The query string that opens /files/<id>. */
    query(id: number): string {
      const expires = now() + lifetimeMs
      return `expires=${expires}&signature=${sign(id, expires)}`
    },
    isValid(id: number, query: URLSearchParams): boolean {
      const expires = Number(query.get('expires'))
      const signature = query.get('signature') ?? ''
      return sameSecret(signature, sign(id, expires)) && Number.isSafeInteger(expires) && expires > now()
    },
  }
}

const maxOpenCodes = 100

/** Session tokens for windows, each bought with a code that works once. */
export function createSessions() {
  const codes = new Set<string>()
  const tokens = new Set<string>()
  return {
    newCode(): string {
      const code = newToken()
      codes.add(code)
      // The oldest link nobody opened goes; without a bound, asking for links would fill memory.
      const [oldest] = codes
      if (codes.size > maxOpenCodes && oldest) codes.delete(oldest)
      return code
    },
    /** null when the code is unknown or was used. */
    exchange(given: string): string | null {
      if (!includesSecret(codes, given)) return null
      codes.delete(given)
      const token = newToken()
      tokens.add(token)
      return token
    },
    has: (token: string): boolean => includesSecret(tokens, token),
  }
}
export type Sessions = ReturnType<typeof createSessions>
