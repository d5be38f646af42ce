import { describe, expect, test } from 'vitest'
import { blankFrontMatter } from '../../../src/renderer/reader/frontMatter.ts'
import { places } from '../../../src/renderer/reader/places.ts'
import { rehypePassage } from '../../../src/renderer/reader/rehypePassage.ts'

describe('front matter', () => {
  test('is hidden while every line keeps its number', () => {
    const source = '---\ntitle: A\ntags: [b]\n---\n# Heading\n'
    const blanked = blankFrontMatter(source)
    expect(blanked.split('\n').indexOf('# Heading')).toBe(source.split('\n').indexOf('# Heading'))
    expect(blanked.trim()).toBe('# Heading')
  })

  test('a rule in the middle of a text is not front matter', () => {
    const source = 'text\n---\nmore\n---\n'
    expect(blankFrontMatter(source)).toBe(source)
  })
})

describe('places of terms', () => {
  test('finds Chinese inside a run and English only as whole words', () => {
    expect(places('避免模型过拟合', ['模型'])).toEqual([[2, 4]])
    expect(places('the parent rent is late', ['rent'])).toEqual([[11, 15]])
  })

  test('lets the longer term win', () => {
    expect(places('模型过拟合', ['模型过拟合', '模型'])).toEqual([[0, 5]])
  })
})

describe('the passage in a rendered document [EX1]', () => {
  const element = (tagName: string, from: number, to: number, children: unknown[] = []) => ({
    type: 'element',
    tagName,
    properties: {} as Record<string, unknown>,
    position: { start: { line: from }, end: { line: to } },
    children,
  })

  test('marks the smallest blocks of its lines, not what is around them', () => {
    const first = element('li', 3, 3)
    const second = element('li', 4, 4)
    const list = element('ul', 3, 4, [first, second])
    const quote = element('blockquote', 3, 4, [list])
    rehypePassage({ from: 4, to: 4 })({ type: 'root', children: [quote] })
    expect([quote, list, first, second].map((node) => 'dataPassage' in node.properties)).toEqual([
      false,
      false,
      false,
      true,
    ])
  })

  test('marks nothing when there is no passage', () => {
    const paragraph = element('p', 1, 1)
    rehypePassage({ from: 0, to: 0 })({ type: 'root', children: [paragraph] })
    expect(paragraph.properties).toEqual({})
  })
})
