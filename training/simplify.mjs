// Writes beside every pair file a copy whose Chinese is in Simplified characters, so that one vocabulary serves both scripts.
// usage: node training/simplify.mjs <folder with pairs-*.jsonl> <output folder>
import { createReadStream, createWriteStream, mkdirSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { once } from 'node:events'
import { join } from 'node:path'
import * as OpenCC from 'opencc-js/t2cn'

const [input, output] = process.argv.slice(2)
const convert = OpenCC.Converter({ from: 't', to: 'cn' })
mkdirSync(output, { recursive: true })
for (const name of readdirSync(input).filter(
  (name) => name.startsWith('pairs-') && name.endsWith('.jsonl'),
)) {
  const out = createWriteStream(join(output, name))
  for await (const line of createInterface({ input: createReadStream(join(input, name)) })) {
    const converted = /[\u3400-\u9fff]/.test(line) ? convert(line) : line
    if (!out.write(converted + '\n')) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}
