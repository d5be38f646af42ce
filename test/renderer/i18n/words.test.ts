import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reasonCodes } from '../../../src/shared/document.ts'
import { errorCodes } from '../../../src/shared/errors.ts'
import en from '../../../src/renderer/i18n/en.ts'
import zh from '../../../src/renderer/i18n/zh-CN.ts'

type Tree = { [name: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + name, value)
    else for (const [key, text] of flat(value, `${prefix}${name}.`)) found.set(key, text)
  }
  return found
}

const english = flat(en)
const chinese = flat(zh)
const facts = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]!).sort()

describe('the words of the window', () => {
  test('have the same keys in every language', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
  })

  test('are never empty', () => {
    for (const words of [english, chinese]) {
      expect([...words].filter(([, text]) => text.trim() === '')).toEqual([])
    }
  })

  test('quote the same facts in every language', () => {
    const different = [...english].filter(([key, text]) => {
      // "one file" needs no number; Chinese has one form for all numbers.
      if (key.endsWith('_one')) return false
      return facts(text).join() !== facts(chinese.get(key)!).join()
    })
    expect(different.map(([key]) => key)).toEqual([])
  })

  test('use full-width punctuation after Chinese characters', () => {
    const wrong = [...chinese].filter(([, text]) => /\p{Script=Han}[,;:?!]/u.test(text))
    expect(wrong).toEqual([])
  })

  test('have no exclamation marks', () => {
    expect([...english, ...chinese].filter(([, text]) => /[!！]/.test(text))).toEqual([])
  })

  test('cover every reason and every error', () => {
    for (const code of reasonCodes) expect(en.reasons).toHaveProperty(code)
    for (const code of errorCodes) expect(en.errors).toHaveProperty(code)
  })

  test('are all used', async () => {
    const root = new URL('../../../src/renderer/', import.meta.url).pathname
    const files = (await readdir(root, { recursive: true })).filter((name) => /\.tsx?$/.test(name))
    const source = (
      await Promise.all(
        files
          .filter((name) => !/i18n\/(en|zh-CN)(-models)?\.ts$/.test(name))
          .map((name) => readFile(join(root, name), 'utf8')),
      )
    ).join('\n')
    // Keys made of a part and a code: t(`reasons.${code}`).
    const built = [...source.matchAll(/`([a-zA-Z]+)\.\$\{/g)].map((match) => match[1]!)
    const unused = [...english.keys()].filter((key) => {
      const name = key.replace(/_(one|other)$/, '')
      return (
        !source.includes(`'${name}'`) &&
        !built.includes(name.split('.')[0]!) &&
        !/^settings\.devices\./.test(name)
      )
    })
    expect(unused).toEqual([])
  })
})
