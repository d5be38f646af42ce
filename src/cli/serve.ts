import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { createEngine } from '../core/engine.ts'
import { createNodeHost } from '../core/node-host.ts'
import { packageVersion, rendererDir } from '../core/package-layout.ts'
import { serveEngine } from '../server/engine-server.ts'
import type { Context } from './main.ts'
import { line, printJson } from './print.ts'

/** `manifold serve`: the browser door, until Ctrl-C. An address works for one window; Enter prints another. */
export async function serve(
  context: Context,
  { port, open }: { port: number; open: boolean },
): Promise<void> {
  const host = createNodeHost()
  const version = packageVersion()
  const engine = await createEngine({ host, libraryDir: context.libraryDir, version })
  let stop: () => void = () => {}
  const stopped = new Promise<void>((resolve) => (stop = resolve))
  context.signal.addEventListener('abort', stop, { once: true })
  const server = await serveEngine({
    engine,
    libraryDir: context.libraryDir,
    version,
    rendererDir: rendererDir(),
    pdfDir: host.resources.pdf,
    port,
    shutdown: stop,
  }).catch(async (error: unknown) => {
    await engine.close()
    throw error
  })
  const first = server.newWindowUrl()
  if (context.json) printJson({ address: first, library: context.libraryDir })
  else line(`Manifold is at ${first}\nThe address opens one window. Enter prints another, Ctrl-C stops.`)
  if (open) openInBrowser(first)
  const input = process.stdin.isTTY ? createInterface({ input: process.stdin }) : null
  input?.on('line', () => line(server.newWindowUrl()))
  input?.on('SIGINT', stop)
  await stopped
  input?.close()
  await server.close()
}

/** Where there is a desktop; elsewhere the printed address is the way in. */
function openInBrowser(address: string): void {
  const command =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', address]
        : process.env.DISPLAY || process.env.WAYLAND_DISPLAY
          ? ['xdg-open', address]
          : null
  if (!command) return
  const child = spawn(command[0]!, command.slice(1), { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
