import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { fusedScore, fusionWeights } from '../../../src/core/search/fuse.ts'
import { openLiveIndex } from '../../../src/core/search/live-index.ts'
import { parseQuery } from '../../../src/core/search/parse.ts'
import { retrieve } from '../../../src/core/search/retrieve.ts'
import { scriptOf } from '../../../src/core/search/script.ts'
import { hashVector, makeLibrary } from './library.ts'

describe('the script of a text', () => {
  it.each([
    ['电脑蓝屏怎么办', 'han'],
    ['用Python写一个装饰器', 'han'],
    ['這個軟體需要更多記憶體', 'han'],
    ['How do I return a deposit?', 'other'],
    ['The character 猫 means cat, as every dictionary of the language says', 'other'],
    ['Müller, Größe', 'other'],
    ['Привет', 'other'],
    ['\u{20bb7}野家', 'han'],
    ['2024-05-06 12:30', null],
    ['👍 — !', null],
    ['', null],
  ] as const)('%s: %s', (text, script) => {
    expect(scriptOf(text)).toBe(script)
  })
})

describe('fusion across scripts', () => {
  let library: ReturnType<typeof makeLibrary>
  afterEach(() => library?.close())

  it('[SE5] knows the passages that are in another script than the query', () => {
    library = makeLibrary([
      { name: 'zh.md', chunks: ['退租时房东应当在三十天内返还押金。'] },
      { name: 'en.md', chunks: ['The landlord returns the deposit within thirty days.'] },
      { name: 'numbers.md', chunks: ['1 2 3'] },
    ])
    const live = openLiveIndex(library.lookup.live()!)!
    live.refresh()
    const foreign = (query: string) => {
      const { groups } = retrieve(live, library.lookup, {
        parsed: parseQuery(query),
        filter: {},
        mode: 'hybrid',
        vector: hashVector(query),
      })
      expect(groups).toHaveLength(3)
      for (const { candidates } of groups) {
        const found = candidates[0]!
        const evidence = { words: found.keyword?.share ?? 0, outlier: found.semantic!.outlier }
        expect(found.fused).toBe(fusedScore({ ...evidence, foreign: found.foreign }))
      }
      return groups.filter(({ candidates }) => candidates[0]!.foreign).map(({ document }) => document.title)
    }
    expect(foreign('landlord')).toEqual(['zh.md'])
    expect(foreign('房东')).toEqual(['en.md'])
    expect(foreign('30')).toEqual([])
    live.close()
  })

  it('[SE5] credits such a passage as far as it stands out by meaning, and no further', () => {
    const credit = (outlier: number) =>
      fusedScore({ words: 0, outlier, foreign: true }) - fusedScore({ words: 0, outlier, foreign: false })
    expect(credit(-3)).toBe(0)
    expect(credit(0)).toBe(0)
    expect(credit(1)).toBe(1)
    expect(credit(7)).toBe(fusionWeights.foreign)
  })

  it('[SE5] leaves order within another script as it is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -20, max: 20, noNaN: true }),
        fc.double({ min: -20, max: 20, noNaN: true }),
        (one, other) => {
          const order = (foreign: boolean) =>
            Math.sign(
              fusedScore({ words: 0, outlier: one, foreign }) -
                fusedScore({ words: 0, outlier: other, foreign }),
            )
          expect(order(true)).toBe(order(false))
        },
      ),
    )
  })
})
