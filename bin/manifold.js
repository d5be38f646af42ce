#!/usr/bin/env node
// The command line runs TypeScript, which an older Node cannot; the right one came with the dependencies.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = new URL('../src/cli/main.ts', import.meta.url)
if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import(main.href)
} else {
  const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' })
  // A Ctrl-C reaches the whole group; the child decides when it ends.
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => signal === 'SIGTERM' && child.kill(signal))
  child.on('error', (error) => {
    console.error(
      `manifold: Node 24 is needed, and the one in node_modules did not start (${error.message}). Run npm ci.`,
    )
    process.exitCode = 1
  })
  child.on('exit', (code) => (process.exitCode = code ?? 1))
}
