/** shared <- core <- server <- {main, cli}; shared <- {renderer, preload}. Read from the source, not from a build. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'src')

const mayImport: Record<string, string[]> = {
  shared: ['shared'],
  core: ['core', 'shared'],
  server: ['server', 'core', 'shared'],
  main: ['main', 'server', 'core', 'shared'],
  cli: ['cli', 'server', 'core', 'shared'],
  preload: ['preload', 'shared'],
  renderer: ['renderer', 'shared'],
}

/** Packages and modules that only some folders may touch. */
const onlyIn: [RegExp, RegExp][] = [
  [/^electron$/, /^(main|preload)\//],
  [/^(better-sqlite3|sqlite-vec)$/, /^core\/store\//],
  [/^node:(http|https|http2|net|tls|dgram)$/, /^(server|main)\//],
  [/^node:/, /^(core|server|main|cli)\//],
  [/^(react|react-dom|@mantine\/.*|@tanstack\/.*)(\/.*)?$/, /^renderer\//],
]

interface Import {
  file: string
  specifier: string
}

const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))

const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  )
  return [...found].map((match) => ({ file, specifier: (match[1] ?? match[2] ?? match[3])! }))
})

test('every folder imports only what lies below it', () => {
  const wrong = imports.filter(({ file, specifier }) => {
    if (!specifier.startsWith('.')) return false
    const target = posix.join(posix.dirname(file), specifier)
    return !mayImport[file.split('/')[0]!]?.includes(target.split('/')[0]!)
  })
  expect(imports.length).toBeGreaterThan(100)
  expect(wrong).toEqual([])
})

test('Electron, SQLite, the network, Node and React stay in their folders', () => {
  const wrong = imports.filter(({ file, specifier }) =>
    onlyIn.some(([module, folder]) => module.test(specifier) && !folder.test(file)),
  )
  expect(wrong).toEqual([])
})

test('a relative import names its file, extension and all', () => {
  const wrong = imports.filter(
    ({ specifier }) => specifier.startsWith('.') && !/\.(tsx?|css|svg|png|json)(\?\w+)?$/.test(specifier),
  )
  expect(wrong).toEqual([])
})
