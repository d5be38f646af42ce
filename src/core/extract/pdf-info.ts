/** What a PDF says about itself, made usable: titles that are titles, dates as ISO, text in the right encoding. */

const maxChars = 1000

export function infoText(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const text = repaired(value)
    .replace(/[\p{Cc}\p{Co}\p{Cs}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, maxChars)
  return text === '' || text.includes('\ufffd') ? null : text
}

/** Chinese programs write GBK where the format wants PDFDocEncoding: "ÂÛÎÄ" is 论文. */
function repaired(text: string): string {
  if (!/[\u00a1-\u00ff]{4}/.test(text) || !/^[\u0000-\u00ff]*$/.test(text)) return text
  try {
    const decoded = new TextDecoder('gb18030', { fatal: true }).decode(
      Uint8Array.from(text, (c) => c.charCodeAt(0)),
    )
    const han = decoded.match(/\p{Script=Han}/gu)?.length ?? 0
    const high = text.match(/[\u00a1-\u00ff]/g)?.length ?? 0
    return han * 2 >= high * 0.8 ? decoded : text
  } catch {
    return text
  }
}

/** "D:20240131093000+08'00'" to 2024-01-31. */
export function pdfDate(value: unknown): string | null {
  const match =
    typeof value === 'string' ? /^\s*(?:D:)?(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?/.exec(value) : null
  if (!match) return null
  const [year, month, day] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1)]
  if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31) return null
  return `${match[1]}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

const plain = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')

/**
 * The title the file gives itself where it is one, else the largest text of page 1. Many are left over from a
 * template or are the name of the file it was made from; a title that stands on page 1 is believed at once.
 */
export function documentTitle(
  given: string | null,
  largest: string | null,
  firstPage: string,
): string | null {
  const title = given && isTitle(given) ? given : null
  if (title && plain(title).length >= 2 && plain(firstPage).includes(plain(title))) return title
  const shown = largest && isTitle(largest) ? largest.slice(0, 300) : null
  if (title && (!shown || /\s.*\s|\p{Script=Han}{4}/u.test(title))) return title
  return shown
}

function isTitle(text: string): boolean {
  if (text.length < 2 || text.length > 300) return false
  if (
    /\.(?:docx?|wps|pdf|tex|dvi|ps|eps|indd|qxd|pptx?|xlsx?|odt|rtf|txt|html?|fm|md|pmd|cdr|ai)\s*$/i.test(
      text,
    )
  )
    return false
  if (
    /^(?:untitled\b.*|no title|title|document\d*|microsoft (?:word|powerpoint|excel)\b.*|powerpoint presentation|slide \d+|无标题|未命名.*|新建.*文档|幻灯片 ?\d+|about:blank|https?:\S+|文档\d*|标题)$/i.test(
      text,
    )
  )
    return false
  if (/^[\\/]|^[a-z]:\\/i.test(text)) return false
  // Words joined by underscores are a file's name.
  if (/^\S+$/.test(text) && text.includes('_')) return false
  return (text.match(/\p{L}/gu)?.length ?? 0) >= Math.max(2, text.length * 0.3)
}
