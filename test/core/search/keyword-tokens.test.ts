import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  indexedTokens,
  keywordTokens,
  keywordTokensVersion,
} from '../../../src/core/search/keyword-tokens.ts'
import { simplifier } from '../../../src/core/search/simplify.ts'

const texts = (text: string): string[] => keywordTokens(text).map((token) => token.text)

describe('keyword tokens', () => {
  it('[SE1] cuts runs of Han into characters and overlapping bigrams', () => {
    expect(indexedTokens('洗衣机。电脑')).toEqual({
      words: '洗 衣 机 电 脑',
      derived: '洗衣 衣机 电脑',
      positions: 5,
    })
  })

  it('[SE1] folds width, case, accents and Traditional to one form', () => {
    expect(texts('ＣＡＦÉ')).toEqual(texts('cafe'))
    expect(texts('e\u0301cole')).toEqual(texts('ecole'))
    expect(texts('退租時')).toEqual(texts('退租时'))
  })

  it('[SE1] gives a regional word its mainland one, and leaves what is ambiguous', () => {
    expect(texts('軟體')).toContain('软件')
    expect(texts('滑鼠')).toContain('鼠标')
    expect(texts('程序')).not.toContain('进程')
    // Written in Simplified it is no regional word.
    expect(texts('资料')).not.toContain('数据')
  })

  it('[SE1] keeps identifiers whole beside their parts', () => {
    expect(texts('snake_case')).toEqual(['snake', 'case', 'snake_case'])
    for (const [text, whole] of [
      ['v1.2.3', 'v1.2.3'],
      ['C++', 'c++'],
      ['C#', 'c#'],
      ['report-2024.pdf', 'report-2024.pdf'],
      ['li.na@example.org', 'li.na@example.org'],
      ['e-mail', 'email'],
      ['getUserName', 'user'],
      ['GPT4', 'gpt'],
    ]) {
      expect(texts(text!)).toContain(whole)
    }
  })

  it('has the stem beside the exact form', () => {
    expect(indexedTokens('running dogs run')).toMatchObject({ words: 'running dogs run', derived: 'run dog' })
    expect(texts("the king's don't")).toContain('dont')
    expect(texts("the king's")).not.toContain('s')
  })

  it('gives offsets into the text as given, in bounds, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (text) => {
        for (const token of keywordTokens(text)) {
          expect(token.text).not.toMatch(/[\s"\0]/)
          expect(token.text.length).toBeGreaterThan(0)
          expect(token.start).toBeGreaterThanOrEqual(0)
          expect(token.end).toBeGreaterThan(token.start)
          expect(token.end).toBeLessThanOrEqual(text.length)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('changes only with its version', () => {
    // When this fails, tokens changed: raise keywordTokensVersion, and put the new hash here.
    const sample =
      "The quick brown foxes weren't running: v1.2.3, C++11, snake_case, a@b.org. 軟體工程師在台灣使用滑鼠，头发发展。ＧＰＴ－４ café 東京タワー 1,000.5"
    const table = Array.from({ length: 0x9fff - 0x4e00 }, (_, i) =>
      simplifier().character(String.fromCharCode(0x4e00 + i)),
    )
    const hash = createHash('sha256').update(texts(sample).join(' ')).update(table.join('')).digest('hex')
    expect(`${keywordTokensVersion} ${hash.slice(0, 16)}`).toMatchInlineSnapshot(
      `"keywords/1 6ac24715f673ee6f"`,
    )
  })
})
