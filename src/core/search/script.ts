/** Whether two texts can share words at all: a question in Chinese and a passage in an alphabet cannot. */

export type Script = 'han' | 'other'

/** Chinese holds Latin words too; from this share of Han among the letters on, a text counts as written in Han. */
const leastHan = 0.2
/** So many characters are enough to tell. */
export const scriptShownIn = 300

const letter = /\p{L}/u

/** null: no letters, so no script. */
export function scriptOf(text: string): Script | null {
  let letters = 0
  let han = 0
  const end = Math.min(text.length, scriptShownIn)
  for (let i = 0; i < end; i++) {
    const unit = text.charCodeAt(i)
    if ((unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a) letters++
    else if (isHan(unit)) {
      letters++
      han++
    } else if (unit > 0x7f && letter.test(text[i]!)) letters++
  }
  return letters === 0 ? null : han / letters >= leastHan ? 'han' : 'other'
}

/** Han by its UTF-16 unit; those beyond the first plane by the first half of their pair. */
const isHan = (unit: number): boolean =>
  (unit >= 0x3400 && unit <= 0x9fff) ||
  (unit >= 0xf900 && unit <= 0xfaff) ||
  (unit >= 0xd840 && unit <= 0xd888)
