/**
 * What a window must not do, whatever runs in it: leave its own pages, open others, ask for a device, fetch anything
 * from elsewhere. A link out of a document asks first and then opens in the person's browser.
 */
import { dialog, session, shell, type WebContents } from 'electron'
import { appOrigin } from './app-protocol.ts'
import { texts } from './texts.ts'

const isOurs = (url: string): boolean => url.startsWith(`${appOrigin}/`)

export function restrictSession(): void {
  const { defaultSession } = session
  // Copying a citation is the one permission a window gets.
  const isAllowed = (permission: string, url: string) =>
    permission === 'clipboard-sanitized-write' && isOurs(url)
  defaultSession.setPermissionRequestHandler((contents, permission, answer) =>
    answer(isAllowed(permission, contents?.getURL() ?? '')),
  )
  defaultSession.setPermissionCheckHandler((_contents, permission, origin) =>
    isAllowed(permission, `${origin}/`),
  )
  defaultSession.setDevicePermissionHandler(() => false)
  // The spellchecker would fetch its dictionaries.
  defaultSession.setSpellCheckerEnabled(false)
  defaultSession.webRequest.onBeforeRequest((details, answer) => {
    const isLocal = isOurs(details.url) || /^(blob|data|devtools):/.test(details.url)
    answer({ cancel: !isLocal })
  })
  defaultSession.on('will-download', (event, item) => {
    if (!isOurs(item.getURL())) event.preventDefault()
  })
}

export function restrictWebContents(contents: WebContents): void {
  contents.on('will-navigate', (event) => {
    if (!isOurs(event.url)) event.preventDefault()
  })
  contents.on('will-redirect', (event) => {
    if (!isOurs(event.url)) event.preventDefault()
  })
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    void openOutside(url)
    return { action: 'deny' }
  })
}

async function openOutside(url: string): Promise<void> {
  const target = URL.parse(url)
  if (target?.protocol !== 'https:' && target?.protocol !== 'http:') return
  const { openLink, openLinkDetail, open, cancel } = texts()
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message: openLink,
    detail: `${target.href.slice(0, 500)}\n\n${openLinkDetail}`,
    buttons: [open, cancel],
    defaultId: 1,
    cancelId: 1,
  })
  if (response === 0) await shell.openExternal(target.href)
}
