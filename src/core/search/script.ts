/** Whether two texts can share words at all: a question in Chinese and a passage in an alphabet cannot. */

export type Script = 'han' | 'other'

/** Chinese holds Latin words too; from this share of Han among the letters on, a text counts as written in Han. */
const leastHan = 0.2
/** Enough to tell; a chunk is seldom longer. */
const lookedAt = 2000

/** null: no letters, so no script. */
export function scriptOf(text: string): Script | null {
  const start = text.slice(0, lookedAt)
  const letters = start.match(/\p{L}/gu)?.length ?? 0
  if (letters === 0) return null
  const han = start.match(/\p{Script=Han}/gu)?.length ?? 0
  return han / letters >= leastHan ? 'han' : 'other'
}
