/** Reads a folder in BEIR layout: corpus.jsonl, queries.jsonl (each perhaps .gz), qrels.tsv. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import type { Judgements } from './metrics.ts'

export interface BeirDocument {
  id: string
  title: string
  text: string
}

export interface BeirSet {
  name: string
  documents: BeirDocument[]
  /** Only queries that are judged. */
  queries: { id: string; text: string }[]
  judgements: Judgements
}

const Row = z.object({ _id: z.coerce.string(), title: z.string().optional(), text: z.string() })
/** A distractor is any text: a document, or one side of a training pair. */
const Distractor = z.object({
  _id: z.coerce.string().optional(),
  title: z.string().optional(),
  text: z.string().optional(),
  b: z.string().optional(),
})

export function readJsonLines(path: string): unknown[] {
  const file = existsSync(path) ? path : `${path}.gz`
  if (!existsSync(file))
    throw new AppError('not-found', `${path} is not there, nor with .gz`, { data: { path } })
  const bytes = readFileSync(file)
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')
  const rows: unknown[] = []
  let line = 0
  for (const one of text.split('\n')) {
    line++
    if (one.trim() === '') continue
    try {
      rows.push(JSON.parse(one))
    } catch (cause) {
      throw new AppError('bad-request', `${file}, line ${line} is not JSON`, {
        cause,
        data: { path: file, line },
      })
    }
  }
  return rows
}

function parseRows<T>(schema: z.ZodType<T>, rows: unknown[], path: string): T[] {
  return rows.map((row, i) => {
    const parsed = schema.safeParse(row)
    if (!parsed.success)
      throw new AppError('bad-request', `${path}, row ${i + 1}: ${z.prettifyError(parsed.error)}`)
    return parsed.data
  })
}

export function readBeir(folder: string): BeirSet {
  const corpus = join(folder, 'corpus.jsonl')
  const documents = parseRows(Row, readJsonLines(corpus), corpus).map(({ _id, title, text }) => ({
    id: _id,
    title: title ?? '',
    text,
  }))
  const queriesPath = join(folder, 'queries.jsonl')
  const queries = parseRows(Row, readJsonLines(queriesPath), queriesPath).map(({ _id, text }) => ({
    id: _id,
    text,
  }))
  const judgements = readQrels(folder)
  return {
    name: basename(folder),
    documents,
    queries: queries.filter(({ id }) => [...(judgements.get(id)?.values() ?? [])].some((grade) => grade > 0)),
    judgements,
  }
}

function readQrels(folder: string): Judgements {
  const path = [join(folder, 'qrels.tsv'), join(folder, 'qrels', 'test.tsv')].find((file) => existsSync(file))
  if (path === undefined)
    throw new AppError('not-found', `${folder} has no qrels.tsv`, { data: { path: folder } })
  const judgements: Judgements = new Map()
  for (const [i, line] of readFileSync(path, 'utf8').split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const fields = line.split('\t')
    // trec's form has an unused second column.
    const [query, document, score] = fields.length === 4 ? [fields[0], fields[2], fields[3]] : fields
    const grade = Number(score)
    if (query === undefined || document === undefined || Number.isNaN(grade)) {
      if (i === 0) continue
      throw new AppError('bad-request', `${path}, line ${i + 1} is not "query, document, score"`)
    }
    const judged = judgements.get(query) ?? new Map<string, number>()
    judged.set(document, grade)
    judgements.set(query, judged)
  }
  return judgements
}

export function readDistractors(path: string): BeirDocument[] {
  return parseRows(Distractor, readJsonLines(path), path).flatMap(({ title, text, b }, i) => {
    const body = text ?? b ?? ''
    return body.trim() === '' ? [] : [{ id: `distractor ${i}`, title: title ?? '', text: body }]
  })
}
