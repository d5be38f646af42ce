/** `manifold serve` as a person runs it, from source, with a library of its own, and its connections recorded. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/core/package-layout.ts'

export interface Served {
  /** Signs one window in. */
  url: string
  origin: string
  pid: number
  /** Every process of the engine that was started, and every connection one asked for; see host-network-recorder.ts. */
  network(): { started: string[]; outbound: string[] }
  output(): string
  close(): Promise<number | null>
  /** As a power cut ends it: nothing is closed, nothing is said. Resolves when it is gone. */
  kill(): Promise<void>
}

/** `port`: the one a window is open at, when the engine is started again; 0 takes any. */
export async function serve(directory: string, more: Record<string, string> = {}, port = 0): Promise<Served> {
  const log = join(directory, 'network.log')
  const runtime = join(directory, 'run')
  mkdirSync(runtime, { recursive: true })
  writeFileSync(log, '')
  const library = join(directory, 'library')
  const options = ['serve', '--no-open', '--port', String(port), '--json', '--library', library]
  const child = spawn(process.execPath, [join(packageRoot(), 'src', 'cli', 'main.ts'), ...options], {
    env: {
      ...process.env,
      XDG_RUNTIME_DIR: runtime,
      MANIFOLD_TEST_NETWORK_LOG: log,
      NODE_OPTIONS: `--import ${new URL('./host-network-recorder.ts', import.meta.url).href}`,
      ...more,
    },
  })
  let output = ''
  child.stderr.on('data', (data) => (output += String(data)))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      output += String(data)
      const found = /"address":\s*"([^"]+)"/.exec(output)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`serve ended with code ${code}\n${output}`)))
  })
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  return {
    url,
    origin: new URL(url).origin,
    pid: child.pid!,
    network() {
      const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean)
      return {
        started: lines.filter((line) => line.includes(' started ')),
        outbound: lines.filter((line) => !line.includes(' started ')),
      }
    },
    output: () => output,
    async close() {
      if (hasEnded()) return child.exitCode
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
      const code = await ended
      clearTimeout(timer)
      return code
    },
    async kill() {
      if (hasEnded()) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}
