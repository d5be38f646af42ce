/** Notes enough to keep a model busy for a while: sentences put together at random from a seed, no passage twice. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const english = {
  who: [
    'The gardener',
    'A night nurse',
    'Our translator',
    'The harbour pilot',
    'A retired judge',
    'The cook',
  ],
  does: ['repaired', 'described', 'counted', 'forgot', 'painted', 'carried', 'weighed', 'sold'],
  what: ['seven clocks', 'the blue ledger', 'a crate of pears', 'the old bridge', 'two maps', 'a brass lamp'],
  where: ['behind the mill', 'before the flood', 'on the ferry', 'at the border', 'during the strike'],
}
const chinese = {
  who: ['园丁', '值夜的护士', '翻译', '港口领航员', '退休法官', '厨师'],
  does: ['修好了', '描述了', '清点了', '忘记了', '粉刷了', '搬走了', '称量了', '卖掉了'],
  what: ['七座旧钟', '蓝色账本', '一箱梨', '那座石桥', '两张地图', '铜灯'],
  where: ['磨坊后面', '洪水之前', '渡船上', '边境线旁', '罢工期间'],
}

/** The same seed, the same numbers. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

export async function writeNotes(
  directory: string,
  { notes, sections }: { notes: number; sections: number },
): Promise<string> {
  const folder = join(directory, 'Many notes')
  await mkdir(folder, { recursive: true })
  const roll = dice(7)
  const one = (from: readonly string[]) => from[roll(from.length)]!
  for (let note = 0; note < notes; note++) {
    const isChinese = note % 3 === 0
    const section = (at: number) => {
      const sentences = Array.from({ length: 9 }, () =>
        isChinese
          ? `${one(chinese.who)}在${one(chinese.where)}${one(chinese.does)}${one(chinese.what)}。`
          : `${one(english.who)} ${one(english.does)} ${one(english.what)} ${one(english.where)}.`,
      )
      return `## ${isChinese ? `第 ${at + 1} 节` : `Part ${at + 1}`}\n\n${sentences.join(isChinese ? '' : ' ')}\n`
    }
    const title = isChinese ? `记事 ${note}` : `Journal ${note}`
    const body = Array.from({ length: sections }, (_, at) => section(at)).join('\n')
    await writeFile(join(folder, `${title}.md`), `# ${title}\n\n${body}`)
  }
  return folder
}
