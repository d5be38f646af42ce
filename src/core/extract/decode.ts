/**
 * Bytes to text: byte order mark, then strict UTF-8, then UTF-16 without a mark, then GB18030, then what chardet
 * says. Refuses bytes that are no text, and names them where their first bytes give them away.
 */
import chardet from 'chardet'

export type Decoded = { ok: true; text: string; encoding: string } | { ok: false; looksLike: string | null }

/** How much of a file the guesses look at. */
const sampleBytes = 256 * 1024

export function decode(bytes: Uint8Array): Decoded {
  const looksLike = sniff(bytes)
  if (looksLike) return { ok: false, looksLike }
  for (const [mark, encoding] of marks) {
    if (startsWith(bytes, mark)) return decoded(bytes.subarray(mark.length), encoding)
  }
  const sample = bytes.subarray(0, sampleBytes)
  const utf8 = strict(bytes, 'utf-8')
  if (utf8 !== null && !sample.includes(0)) return checked(utf8, 'utf-8')
  if (sample.includes(0)) {
    const utf16 = utf16WithoutMark(sample)
    return utf16 ? decoded(bytes, utf16) : { ok: false, looksLike: null }
  }
  if (mostlyUtf8(sample)) return decoded(bytes, 'utf-8')
  if (gbShare(sample) >= 0.5) return decoded(bytes, 'gb18030')
  const guess = chardet.analyse(sample).find((match) => others.has(match.name))
  if (guess) return decoded(bytes, others.get(guess.name)!)
  return decoded(bytes, 'windows-1252')
}

const marks: [number[], string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
  [[0x84, 0x31, 0x95, 0x33], 'gb18030'],
]

/** chardet's names of what TextDecoder can read, in what it does not already settle above. */
const others = new Map([
  ['Big5', 'big5'],
  ['Shift_JIS', 'shift_jis'],
  ['EUC-JP', 'euc-jp'],
  ['EUC-KR', 'euc-kr'],
  ['GB18030', 'gb18030'],
  ['KOI8-R', 'koi8-r'],
  ['ISO-8859-1', 'windows-1252'],
  ['ISO-8859-2', 'iso-8859-2'],
  ['ISO-8859-5', 'iso-8859-5'],
  ['ISO-8859-6', 'iso-8859-6'],
  ['ISO-8859-7', 'iso-8859-7'],
  ['ISO-8859-8', 'iso-8859-8'],
  ['ISO-8859-9', 'windows-1254'],
  ['windows-1250', 'windows-1250'],
  ['windows-1251', 'windows-1251'],
  ['windows-1252', 'windows-1252'],
  ['windows-1253', 'windows-1253'],
  ['windows-1254', 'windows-1254'],
  ['windows-1255', 'windows-1255'],
  ['windows-1256', 'windows-1256'],
])

/** First bytes of formats a person meets under a wrong name. Longer than a byte order mark can explain away. */
const signatures: [string, string][] = [
  ['%PDF-', 'pdf'],
  ['\x89PNG\r\n\x1a\n', 'png'],
  ['\xff\xd8\xff', 'jpeg'],
  ['GIF8', 'gif'],
  ['PK\x03\x04', 'zip'],
  ['\x1f\x8b\x08', 'gzip'],
  ['7z\xbc\xaf\x27\x1c', '7z'],
  ['Rar!\x1a\x07', 'rar'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'office'],
  ['{\\rtf', 'rtf'],
  ['SQLite format 3\x00', 'sqlite'],
  ['\x7fELF', 'program'],
  ['MZ\x90\x00', 'program'],
  ['\x00\x00\x01\x00', 'icon'],
  ['ID3', 'audio'],
  ['OggS', 'audio'],
  ['fLaC', 'audio'],
  ['II*\x00', 'tiff'],
  ['MM\x00*', 'tiff'],
  ['bplist00', 'plist'],
]

/** What a file is by its first bytes; null for text and for what is not in the list. */
export function sniff(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString('latin1')
  for (const [signature, name] of signatures) if (head.startsWith(signature)) return name
  if (head.startsWith('RIFF') && head.length >= 12) return head.slice(8, 12) === 'WEBP' ? 'webp' : 'media'
  if (head.slice(4, 8) === 'ftyp') return 'media'
  return null
}

function startsWith(bytes: Uint8Array, mark: number[]): boolean {
  return bytes.length >= mark.length && mark.every((byte, i) => bytes[i] === byte)
}

function strict(bytes: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function decoded(bytes: Uint8Array, encoding: string): Decoded {
  return checked(new TextDecoder(encoding).decode(bytes), encoding)
}

/** Text has next to no control characters; a few (form feed, escape codes in logs) are let pass. */
function checked(text: string, encoding: string): Decoded {
  let odd = 0
  const looked = Math.min(text.length, sampleBytes)
  for (let i = 0; i < looked; i++) {
    const code = text.charCodeAt(i)
    if (
      code < 32
        ? code !== 9 && code !== 10 && code !== 13 && code !== 12 && code !== 27
        : code >= 127 && code < 160
    )
      odd++
    else if (code === 0xfffd) odd++
  }
  if (odd > 2 + looked * 0.02) return { ok: false, looksLike: null }
  return { ok: true, text, encoding }
}

/** Latin text in UTF-16 has a zero in every second byte; Chinese text at least in its line ends and digits. */
function utf16WithoutMark(sample: Uint8Array): string | null {
  const zeros: [number, number] = [0, 0]
  for (let i = 0; i < sample.length; i++) if (sample[i] === 0) zeros[(i & 1) as 0 | 1]++
  const even = sample.length % 2 === 0 ? sample : sample.subarray(0, sample.length - 1)
  for (const [encoding, mine, other] of [
    ['utf-16le', zeros[1], zeros[0]],
    ['utf-16be', zeros[0], zeros[1]],
  ] as const) {
    if (mine === 0 || other > mine * 0.05) continue
    // A cut sample may end inside a pair, so not fatal; unassigned and private characters tell binary from text.
    const text = new TextDecoder(encoding).decode(even)
    const strange = text.match(/[\p{Cn}\p{Co}\p{Cc}\ufffd]/gu)?.filter((c) => !/[\t\n\r]/.test(c)).length ?? 0
    if (strange <= 2 + text.length * 0.02) return encoding
  }
  return null
}

/** A UTF-8 file with a few broken bytes (a log, a cut download) is still UTF-8. */
function mostlyUtf8(sample: Uint8Array): boolean {
  const text = new TextDecoder('utf-8').decode(sample)
  const broken = text.match(/\ufffd/g)?.length ?? 0
  const good = text.match(/[^\x00-\x7f\ufffd]/g)?.length ?? 0
  return good > broken * 10
}

/**
 * Share of the bytes above ASCII that form everyday Chinese: level 1 of GB 2312 (rows B0 to D7: the 3,755 most used
 * characters) and its punctuation (A1 to A3). Big5, Shift_JIS and the Latin code pages stay well below half; Korean
 * stands in the first half of the rows only, over which Chinese is spread.
 */
function gbShare(sample: Uint8Array): number {
  let high = 0
  let common = 0
  let upperHalf = 0
  for (let i = 0; i < sample.length;) {
    const lead = sample[i]!
    if (lead < 0x80) {
      i++
      continue
    }
    const trail = sample[i + 1] ?? 0
    if (trail >= 0x30 && trail <= 0x39) {
      // Four bytes: the rest of Unicode, emoji among it. Says nothing of frequency.
      i += 4
      continue
    }
    high++
    const everyday =
      trail >= 0xa1 && trail !== 0xff && ((lead >= 0xb0 && lead <= 0xd7) || (lead >= 0xa1 && lead <= 0xa3))
    if (everyday) common++
    if (everyday && lead >= 0xc9) upperHalf++
    i += trail >= 0x40 ? 2 : 1
  }
  if (common >= 20 && upperHalf < common * 0.1) return 0
  return high === 0 ? 0 : common / high
}
