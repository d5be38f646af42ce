/**
 * How this window came to its session. A browser window brings a one-time code in the address's fragment, trades it for
 * a token that lives as long as the tab, and takes the code out of the history. The desktop app needs none.
 */
import { openSession } from './client.ts'

const storageKey = 'manifold.token'

/** null: no token needed (desktop). Rejects with AppError 'unauthorized' where there is no session to be had. */
export async function startSession(): Promise<{ token: string | null } | 'none'> {
  if (window.manifold) return { token: null }
  const code = new URLSearchParams(location.hash.slice(1)).get('code')
  if (code) {
    history.replaceState(null, '', location.pathname + location.search)
    try {
      const token = await openSession(location.origin, code)
      sessionStorage.setItem(storageKey, token)
      return { token }
    } catch {
      // The link was used before: a reload of this tab still has its token.
    }
  }
  const token = sessionStorage.getItem(storageKey)
  return token ? { token } : 'none'
}

export function endSession(): void {
  sessionStorage.removeItem(storageKey)
}
