/** A small folder of documents in Chinese and English, as a person might drop it: notes, text, PDFs, one locked. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PDFDocument, StandardFonts, type PDFFont } from 'pdf-lib'
import { packageRoot } from '../../src/core/package-layout.ts'

/** Page of handbook.pdf that speaks of calibration, and how many it has. */
export const calibrationPage = 3
export const handbookPages = 5

const chapters = [
  [
    'Safety',
    'Wear goggles whenever the dome is open. Never look into the finder while the cover of the sun filter is off.',
  ],
  [
    'Opening the dome',
    'Release both latches before the motor is started. The motor stops by itself when wind exceeds twelve metres per second.',
  ],
  [
    'Calibrating the mount',
    'The telescope mount is calibrated against three bright stars shortly after sunset. Repeat the calibration when the temperature falls by more than eight degrees.',
  ],
  [
    'Observation log',
    'Every exposure is entered with its filter, its duration and the name of the observer. Corrections are struck through, not erased.',
  ],
  [
    'Closing',
    'Park the mount, close the dome and lock the door. Leave a note when a cable or a connector looks worn.',
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
  for (const [heading, text] of chapters) {
    const page = pdf.addPage([420, 595])
    page.drawText(heading!, { x: 50, y: 520, size: 18, font: bold })
    lines(text!, serif, 12, 320).forEach((line, i) =>
      page.drawText(line, { x: 50, y: 480 - i * 18, size: 12, font: serif }),
    )
  }
  return pdf.save()
}

function lines(text: string, font: PDFFont, size: number, width: number): string[] {
  const made: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
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
