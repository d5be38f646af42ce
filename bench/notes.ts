/** Something to index, for the benches that measure it: the same notes in every run. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Notes of a few pages: passages of labelled sets where they are at hand, else made-up text in both languages from a fixed seed. */
export function writeNotes(folder: string, count: number, sets: string): void {
  const passages = ['squad-en', 'cmrc2018-zh', 'cranfield-en', 'xquad-zh'].flatMap((name) => {
    const path = join(sets, name, 'corpus.jsonl.gz')
    if (!existsSync(path)) return []
    const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n')
    return lines.map((line) => (JSON.parse(line) as { text: string }).text)
  })
  if (passages.length > 0) {
    for (let i = 0; i < count; i++) {
      const sections = Array.from(
        { length: 6 },
        (_, n) => `## Section ${n}\n\n${passages[(i * 7 + n * 577) % passages.length]}`,
      )
      writeFileSync(join(folder, `note-${i}.md`), `# Note ${i}\n\n${sections.join('\n\n')}\n`)
    }
    return
  }
  let seed = 7
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below
  const english =
    'the of measure library index search passage vector answer river garden train letter market winter doctor engine signal paper number value between under after before system careful result method water light small large every because while during report table figure lease tenant notice model language memory'.split(
      ' ',
    )
  const chinese =
    '知识库 搜索 文档 向量 结果 方法 系统 时间 学生 论文 合同 房租 押金 医生 天气 火车 花园 河流 市场 数据 模型 语言 记忆 报告 图表 价格 城市 问题 回答 通过 因为 所以 如果 但是 可以 需要 已经 开始 结束 重要'.split(
      ' ',
    )
  const sentence = (words: string[], joiner: string, end: string) =>
    Array.from({ length: 8 + random(14) }, () => words[random(words.length)]).join(joiner) +
    random(1000) +
    end
  for (let i = 0; i < count; i++) {
    const parts = [`# Note ${i}`]
    for (let section = 0; section < 4; section++) {
      parts.push(`## Section ${section} ${english[random(english.length)]}`)
      for (let p = 0; p < 4; p++) {
        const zh = random(2) === 0
        parts.push(
          Array.from({ length: 4 }, () =>
            zh ? sentence(chinese, '', '。') : sentence(english, ' ', '. '),
          ).join(''),
        )
      }
    }
    writeFileSync(join(folder, `note-${i}.md`), `${parts.join('\n\n')}\n`)
  }
}
