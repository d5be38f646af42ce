import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseQuery } from '../../../src/core/search/parse.ts'

describe('parsing a query', () => {
  it('[SE2] reads words, phrases and exclusions', () => {
    expect(parseQuery('rent "thirty days" -sale -"first year"')).toMatchObject({
      text: 'rent thirty days',
      phrases: ['thirty days'],
      not: ['sale', 'first year'],
    })
    expect(parseQuery('「押金」 “返还”').phrases).toEqual(['押金', '返还'])
  })

  it('[SE2] has no exclusion inside a word or before a number', () => {
    expect(parseQuery('well-known state-of-the-art -5 degrees - alone')).toMatchObject({
      text: 'well-known state-of-the-art -5 degrees - alone',
      not: [],
    })
  })

  it('[SE2] reads conditions, in both widths of the colon', () => {
    const parsed = parseQuery('tag:work 类型：pdf -in:drafts author:"Li Na" status:done x', {
      fields: new Set(['status']),
    })
    expect(parsed.text).toBe('x')
    expect(parsed.conditions).toEqual([
      { field: 'tag', key: '', value: 'work', not: false },
      { field: 'kind', key: '', value: 'pdf', not: false },
      { field: 'in', key: '', value: 'drafts', not: true },
      { field: 'author', key: '', value: 'Li Na', not: false },
      { field: 'metadata', key: 'status', value: 'done', not: false },
    ])
  })

  it('leaves as text what only looks like a condition', () => {
    for (const query of [
      'error: no such file',
      '注意：会议改期',
      'after:never',
      'tag:',
      'note:x',
      '"open',
      'https://a.b/c',
    ]) {
      expect(parseQuery(query)).toMatchObject({ text: query, conditions: [], after: null })
    }
  })

  it('reads dates: from the first day named, and before it', () => {
    expect(parseQuery('after:2024-03 before:2024/5/1 x')).toMatchObject({
      after: '2024-03-01',
      before: '2024-04-30',
    })
    expect(parseQuery('after:2024年3月14日 x').after).toBe('2024-03-14')
    expect(parseQuery('after:2023-02-30 x').after).toBeNull()
  })

  it('gives the open word while typing only', () => {
    expect(parseQuery('notice ter', { typing: true }).prefix).toBe('ter')
    expect(parseQuery('notice ter ', { typing: true }).prefix).toBeNull()
    expect(parseQuery('notice ter').prefix).toBeNull()
    expect(parseQuery('押金', { typing: true }).prefix).toBeNull()
  })

  it('[SE2] reads any string, and cuts a very long one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (query, typing) => {
        const parsed = parseQuery(query, { typing })
        expect(parsed.text).not.toMatch(/\0/)
        expect(parsed.text.isWellFormed()).toBe(true)
      }),
      { numRuns: 1000 },
    )
    expect(parseQuery('x '.repeat(100_000)).cut).toBe(true)
  })
})
