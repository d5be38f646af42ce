/** [DA1] by force: processes are killed at random instants, and afterwards everything is there, once. */
import Database from 'better-sqlite3'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const kills = 20
const documents = 300

let folder: string
let libraryDir: string

interface Said {
  ready?: boolean
  added?: { documents: number }
  indexer?: number | null
  /** Documents not indexed yet. */
  waiting?: number
  status?: { documents: Record<string, number>; chunks: number }
  doctor?: { ok: boolean; checks: { name: string; ok: boolean; detail: string }[] }
}

/** Runs an engine until it ends or `until` kills it. */
function run(
  paths: string[],
  onLine: (said: Said, child: ReturnType<typeof spawn>) => void,
): Promise<Said[]> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../support/kill-runner.ts'), libraryDir, ...paths],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const said: Said[] = []
  let errors = ''
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  createInterface({ input: child.stdout }).on('line', (line) => {
    const value = JSON.parse(line) as Said
    said.push(value)
    onLine(value, child)
  })
  return new Promise((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(said)
      else reject(new Error(`runner ended with ${code} ${signal}: ${errors}`))
    })
  })
}

beforeAll(() => {
  const base = mkdtempSync(join(tmpdir(), 'manifold-kill-'))
  folder = join(base, 'notes')
  libraryDir = join(base, 'library')
  mkdirSync(folder)
  for (let i = 0; i < documents; i++) writeNote(i, 0)
})

/** The version stands in every paragraph, so that a chunk of an older one shows. */
function writeNote(i: number, version: number): void {
  const paragraphs = Array.from(
    { length: 30 },
    (_, p) =>
      `Paragraph ${p} of note ${i}, version v${version}x: the quick brown fox number ${i * 31 + p} jumps over lazy dogs, 第 ${i} 篇笔记的第 ${p} 段讲的是不同的内容。`,
  )
  const path = join(folder, `note-${i}.md`)
  writeFileSync(path, `# Note ${i}\n\n${paragraphs.join('\n\n')}\n`)
  const at = new Date(1_700_000_000_000 + version * 60_000)
  utimesSync(path, at, at)
}

afterAll(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

describe('killing the engine and the indexer', () => {
  it(`[DA1] ${kills} kills at random instants lose no document and duplicate none`, async () => {
    // A fixed seed: a failure can be run again.
    let seed = 20261121
    const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648
    let killed = 0
    let midway = 0
    for (let i = 1; i <= kills; i++) {
      // There is always work in hand: some documents are new in every round, some indexed, most unread at first.
      for (let n = 0; n < 160; n++) writeNote(Math.floor(random() * documents), i)
      const killIndexer = random() < 0.5
      // Some kills hit the start, the others the work: at a random moment after the first documents were written.
      const afterProgress = random() < 0.7
      const delayMs = afterProgress ? random() * 120 : random() * 1500
      let first: number | null = null
      let armed = false
      await run([folder], ({ indexer, waiting }, child) => {
        if (armed || typeof indexer !== 'number' || waiting === undefined) return
        first ??= waiting
        const progressed = waiting < first
        if (afterProgress && !progressed) return
        armed = true
        setTimeout(() => {
          killed++
          if (progressed && waiting > 0) midway++
          if (!killIndexer) return void child.kill('SIGKILL')
          try {
            process.kill(indexer, 'SIGKILL')
          } catch {
            // It had just ended by itself.
          }
          // The engine brings it back by itself; then the engine is killed too.
          setTimeout(() => child.kill('SIGKILL'), 100 + random() * 1200)
        }, delayMs)
      })
    }
    expect(killed).toBe(kills)
    console.log(`${midway} of ${killed} kills with documents half done`)
    expect(midway).toBeGreaterThanOrEqual(3)

    const said = await run([folder], () => {})
    const { status, doctor } = said.at(-1)!
    expect(doctor!.checks.filter((check) => !check.ok)).toEqual([])
    expect(status!.documents).toMatchObject({
      total: documents,
      indexed: documents,
      failed: 0,
      waiting: 0,
      partial: 0,
    })

    const index = new Database(
      join(
        libraryDir,
        readdirSync(libraryDir).find((name) => /^index-.*\.db$/.test(name))!,
      ),
      { readonly: true },
    )
    const duplicates = index
      .prepare('SELECT text_id, ordinal, count(*) AS n FROM chunks GROUP BY text_id, ordinal HAVING n > 1')
      .all()
    expect(duplicates).toEqual([])
    for (let i = 0; i < documents; i++) {
      const version = /version (v\d+x)/.exec(readFileSync(join(folder, `note-${i}.md`), 'utf8'))![1]!
      const rows = index
        .prepare("SELECT text FROM chunks WHERE text LIKE '%of note ' || ? || ', version%'")
        .all(String(i)) as { text: string }[]
      expect(rows.length, `chunks of note ${i}`).toBeGreaterThan(0)
      const stale = rows.filter((row) =>
        [...row.text.matchAll(/version (v\d+x)/g)].some((found) => found[1] !== version),
      )
      expect(stale, `chunks of note ${i} that are not of ${version}`).toEqual([])
    }
    const { chunks } = index.prepare('SELECT count(*) AS chunks FROM chunks').get() as { chunks: number }
    expect(status!.chunks).toBe(chunks)
    index.close()
  }, 600_000)
})
