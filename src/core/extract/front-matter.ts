/**
 * YAML front matter to title, tags, date and flat metadata. The YAML is a stranger's: size, aliases, depth and
 * number of entries are bounded, and what cannot be read leaves the note itself untouched.
 */
import { parseDocument } from 'yaml'

export interface FrontMatter {
  title: string | null
  tags: string[]
  date: string | null
  metadata: Record<string, string>
}

const maxChars = 64 * 1024
const maxEntries = 100
const maxValueChars = 1000

export const emptyFrontMatter = (): FrontMatter => ({ title: null, tags: [], date: null, metadata: {} })

export function readFrontMatter(yaml: string): FrontMatter {
  const result = emptyFrontMatter()
  if (yaml.length > maxChars) return result
  let value: unknown
  try {
    value = parseDocument(yaml, { schema: 'core', uniqueKeys: false, logLevel: 'silent' }).toJS({
      maxAliasCount: 20,
    })
  } catch {
    // Too many aliases, or nested beyond the stack: no metadata, but still a note.
    return result
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return result
  flatten(value as Record<string, unknown>, '', result.metadata)
  const fields = new Map(Object.entries(value).map(([key, field]) => [key.trim().toLowerCase(), field]))
  result.title = asText(fields.get('title') ?? fields.get('标题'))
  for (const key of ['tags', 'tag', '标签']) result.tags.push(...readTags(fields.get(key)))
  result.tags = [...new Set(result.tags)].slice(0, maxEntries)
  for (const key of [
    'date',
    'created',
    'created_at',
    'published',
    'publishdate',
    'pubdate',
    '日期',
    'updated',
    'modified',
  ]) {
    result.date ??= readDate(asText(fields.get(key)))
  }
  return result
}

const asText = (value: unknown): string | null => {
  if (typeof value === 'string') return value.trim().slice(0, maxValueChars) || null
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return null
}

function flatten(value: Record<string, unknown>, prefix: string, into: Record<string, string>): void {
  for (const [key, field] of Object.entries(value)) {
    if (Object.keys(into).length >= maxEntries) return
    const name = (prefix + key).slice(0, 200)
    if (Array.isArray(field)) {
      const texts = field
        .slice(0, maxEntries)
        .map(asText)
        .filter((text) => text !== null)
      if (texts.length > 0) into[name] = texts.join(', ').slice(0, maxValueChars)
    } else if (typeof field === 'object' && field !== null) {
      if (prefix.split('.').length <= 2) flatten(field as Record<string, unknown>, `${name}.`, into)
    } else {
      const text = asText(field)
      if (text !== null && name !== '__proto__') into[name] = text
    }
  }
}

function readTags(value: unknown): string[] {
  const list = Array.isArray(value)
    ? value.slice(0, maxEntries).map(asText)
    : (asText(value)?.split(/[\s,，、;；]+/) ?? [])
  return list
    .filter((tag) => tag !== null)
    .map((tag) => tag.replace(/^#+/, '').trim().slice(0, 200))
    .filter((tag) => tag !== '')
}

/** ISO date of what people write: 2024-01-31, 2024/1/31, 2024.01.31, 2024年1月31日, 20240131, with or without a time. */
export function readDate(text: string | null): string | null {
  const match =
    /^\s*(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?!\d)/.exec(text ?? '') ??
    /^\s*(\d{4})(\d{2})(\d{2})(?!\d)/.exec(text ?? '')
  if (!match) return null
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const date = new Date(Date.UTC(year, month - 1, day))
  if (year < 1000 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  return date.toISOString().slice(0, 10)
}
