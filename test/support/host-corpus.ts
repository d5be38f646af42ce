/** A small folder of documents in Chinese and English, as a person might drop it: notes, text, PDFs, one locked. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PDFDocument, StandardFonts, type PDFFont } from 'pdf-lib'
import { packageRoot } from '../../src/core/package-layout.ts'

/** Page of handbook.pdf that speaks of calibration, and how many it has. */
export const calibrationPage = 3
export const handbookPages = 5

/** Long enough that each page is a passage of its own. */
const chapters: [heading: string, text: string][] = [
  [
    'Safety',
    `Wear goggles whenever the dome is open. Never look into the finder while the cover of the sun filter is off. Cables lie in
    the channels along the wall and nowhere else. Whoever finds one on the floor puts it back before anything is switched on.
    The red lamps are the only ones used after dusk; white light blinds the others for half an hour. The fire extinguisher hangs
    beside the door and is tested each spring. Nobody climbs the ladder alone, and nobody works in the dome alone after midnight.
    Visitors stay behind the rope. Children hold the hand of an adult. The first aid box is under the desk; what is taken from it
    is written on the list in its lid, so that it can be replaced before the next night.`,
  ],
  [
    'Opening the dome',
    `Release both latches before the motor is started. The motor stops by itself when wind exceeds twelve metres per second. Snow
    on the shutter is swept away by hand, from the gallery, with the long broom. When the shutter sticks, close it again and call
    the workshop; do not pull at the chain. The slit is turned to the west first, because the evening wind comes from the east.
    After an hour the air inside is as cold as the air outside, and only then are the images steady. The humidity is read from
    the dial beside the switch. Above ninety per cent the dome stays shut, whatever the sky looks like, because dew on the
    mirror costs a week of cleaning. The state of the sky is written down before the first exposure.`,
  ],
  [
    'Calibrating the mount',
    `The telescope mount is calibrated against three bright stars shortly after sunset. Choose stars far apart and none of them
    near the zenith. Centre each in the eyepiece with cross hairs, press the calibration key and wait for the second tone. The
    remaining error of the mount is shown in seconds of arc and has to be below twenty. Repeat the calibration when the
    temperature falls by more than eight degrees. The polar axis itself is adjusted only twice a year, by two people, with the
    screws at the foot of the pier. After a power failure the mount has forgotten where it points, and the calibration starts
    anew from the parking position. The result is entered in the log with the names of the three stars.`,
  ],
  [
    'Observation log',
    `Every exposure is entered with its filter, its duration and the name of the observer. Corrections are struck through, not
    erased. Times are given in universal time to the nearest second. Clouds, aeroplanes and the barking of dogs that made
    somebody shake the floor are worth a remark. Plates and files carry the same number as the line in the book. At the end of
    each month the pages are copied and the copy is kept in the other building. Whoever cites an observation in a paper writes
    the reference beside it. Loose sheets are glued in. A pencil is used, because ink freezes in January and fades in July. The
    books of the last forty years stand in the library and may be read there, but are not lent.`,
  ],
  [
    'Closing',
    `Park the mount, close the dome and lock the door. Leave a note when a cable or a connector looks worn. The cover goes back on
    the mirror before the lamps are lit. Switch off the heater of the corrector plate and the fan behind the mirror. The camera
    is warmed slowly, for half an hour, or its window cracks. Count the eyepieces in their box; there are nine. Empty the cups and
    take the rubbish along. The key hangs in the porch, behind the calendar. If the alarm does not confirm with two short tones,
    telephone the caretaker, whose number is on the door. The last person writes the time of leaving into the log and signs.`,
  ],
]

/** Returns the paths to drop: the folder, and one file beside it. */
export async function writeCorpus(directory: string): Promise<{ folder: string; file: string }> {
  const folder = join(directory, 'Papers 资料')
  await mkdir(join(folder, 'notes'), { recursive: true })
  await Promise.all([
    writeFile(
      join(folder, 'notes', 'lease.md'),
      `---
title: Lease of the river house
date: 2019-03-14
tags: [contract, housing]
---

# Lease of the river house

## Rent

The rent is due on the first day of each month. It rises with the consumer price index, at most once a year.

## Termination

Either party may terminate this lease on thirty days' written notice, unless the rent is in arrears for more than two
months. In that case the landlord may end it at once.
`,
    ),
    writeFile(
      join(folder, 'notes', '租赁合同.md'),
      `# 房屋租赁合同

## 租金

租金按月支付，每月五日之前付清。逾期付款的，每日按欠款的千分之一支付违约金。

## 提前解约

任何一方需要提前解除合同的，应当提前三十天书面通知对方。承租人拖欠租金超过两个月的，出租人可以立即收回房屋，不必等待通知期满。

## 押金

押金为两个月租金，退租验收后七日内无息退还。
`,
    ),
    writeFile(
      join(folder, '会议纪要.txt'),
      `\ufeff三月例会纪要\n\n数据库迁移定在周六夜间进行，预计停机两小时。迁移之前先做一次完整备份，并演练恢复流程。\n\n下次会议讨论搜索服务的扩容方案。\n`,
      'utf16le',
    ),
    writeFile(
      join(folder, 'notes', 'bread.md'),
      `# Sourdough\n\nFeed the starter the evening before. Fold the dough every half hour, four times, then let it rest in the cold overnight.\n\n\`\`\`\nflour 500 g\nwater 350 g\nsalt 10 g\n\`\`\`\n`,
    ),
    writeFile(join(folder, 'handbook.pdf'), await handbook()),
    copyFile(join(packageRoot(), 'test', 'fixtures', 'chinese-gbk.pdf'), join(folder, '离线检索.pdf')),
    copyFile(join(packageRoot(), 'test', 'fixtures', 'encrypted.pdf'), join(folder, 'locked.pdf')),
    writeFile(
      join(directory, 'extra.md'),
      '# Bicycle\n\nThe rear derailleur is adjusted with the barrel, a quarter turn at a time.\n',
    ),
  ])
  return { folder, file: join(directory, 'extra.md') }
}

async function handbook(): Promise<Uint8Array> {
  const pdf = await PDFDocument.create()
  pdf.setTitle('Observatory handbook')
  const serif = await pdf.embedFont(StandardFonts.TimesRoman)
  const bold = await pdf.embedFont(StandardFonts.TimesRomanBold)
  for (const [i, [heading, text]] of chapters.entries()) {
    const page = pdf.addPage([420, 595])
    if (i === 0) page.drawText('Observatory handbook', { x: 50, y: 550, size: 24, font: bold })
    page.drawText(heading, { x: 50, y: 520, size: 18, font: bold })
    lines(text, serif, 11, 320).forEach((line, i) =>
      page.drawText(line, { x: 50, y: 490 - i * 15, size: 11, font: serif }),
    )
  }
  return pdf.save()
}

function lines(text: string, font: PDFFont, size: number, width: number): string[] {
  const made: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    const longer = line ? `${line} ${word}` : word
    if (line && font.widthOfTextAtSize(longer, size) > width) {
      made.push(line)
      line = word
    } else {
      line = longer
    }
  }
  return [...made, line]
}
