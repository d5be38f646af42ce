/**
 * Traditional to Simplified Chinese for searching, from the tables of OpenCC (Apache-2.0, by way of opencc-js): character
 * by character, so that offsets stay, plus the phrases of Taiwan and Hong Kong whose *words* differ (軟體, 滑鼠, 程式).
 */
import hkPhrases from 'opencc-js/dict/HKPhrasesRev'
import hkVariants from 'opencc-js/dict/HKVariantsRev'
import characters from 'opencc-js/dict/TSCharacters'
import twPhrases from 'opencc-js/dict/TWPhrasesRev'
import twVariants from 'opencc-js/dict/TWVariantsRev'

export interface Simplifier {
  /** One UTF-16 unit or surrogate pair to its Simplified form. */
  character(char: string): string
  /**
   * The longest regional word that starts at `at`, and the mainland word for it. `simple` is `original` character by
   * character. 资料 written in Simplified is no regional word, 資料 (数据) is: where the two differ, `original` decides.
   */
  phraseAt(simple: string, original: string, at: number): { length: number; word: string } | null
}

const parse = (table: string): [string, string][] =>
  table.split('|').map((entry) => {
    const space = entry.indexOf(' ')
    const to = entry.slice(space + 1)
    // A few entries list several forms, the usual one first.
    return [entry.slice(0, space), to.split(' ')[0]!]
  })

const isHan = /^\p{Script=Han}{2,}$/u

function build(): Simplifier {
  const single = new Map<string, string>()
  for (const [from, to] of parse(characters)) single.set(from, to)
  // Variants lead to a Traditional form first: 為 -> 爲 -> 为.
  for (const table of [twVariants, hkVariants]) {
    for (const [from, to] of parse(table)) if (!single.has(from)) single.set(from, single.get(to) ?? to)
  }
  const character = (char: string) => single.get(char) ?? char
  const simplify = (text: string) => Array.from(text, character).join('')

  const entries = [...parse(twPhrases), ...parse(hkPhrases)]
    .map(([from, to]) => ({ from, simple: simplify(from), word: simplify(to) }))
    .filter(({ simple, word }) => simple !== word && isHan.test(simple) && isHan.test(word))
  // 程序 is the mainland word for 程式, but in Taiwan it means 进程: a regional word that is also an entry's mainland word is left alone.
  const mainland = new Set(entries.map(({ word }) => word))
  const phrases = new Map<string, { word: string; traditional: boolean }>()
  const longest = new Map<string, number>()
  for (const { from, simple, word } of entries) {
    if (mainland.has(simple) || phrases.has(simple)) continue
    phrases.set(simple, { word, traditional: from !== simple })
    longest.set(simple[0]!, Math.max(longest.get(simple[0]!) ?? 0, simple.length))
  }

  return {
    character,
    phraseAt(simple, original, at) {
      const limit = Math.min(longest.get(simple[at]!) ?? 0, simple.length - at)
      for (let length = limit; length >= 2; length--) {
        const found = phrases.get(simple.slice(at, at + length))
        if (!found) continue
        if (found.traditional && original.slice(at, at + length) === simple.slice(at, at + length)) continue
        return { length, word: found.word }
      }
      return null
    },
  }
}

let built: Simplifier | undefined
/** The tables never change while the program runs; reading them (some 10 ms) waits for the first text. */
export const simplifier = (): Simplifier => (built ??= build())
