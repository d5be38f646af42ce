/**
 * The files behind a drop or a picker, with their paths relative to what was dropped. Folders are walked here because
 * only a browser needs it: the desktop app links them in place. Hidden files and folders are left out.
 */
export interface Collected {
  name: string
  file: File
}

const portionSize = 50

/** Must be called while the drop event is being handled; afterwards the entries are gone. */
export function entriesOf(transfer: DataTransfer): FileSystemEntry[] {
  return [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null)
}

/** In portions, so that the first files are on their way while a large folder is still being listed. */
export async function* collect(
  entries: FileSystemEntry[],
  limit: number,
  onLimit: () => void,
): AsyncGenerator<Collected[]> {
  const waiting = [...entries]
  let portion: Collected[] = []
  let count = 0
  while (waiting.length > 0 && count < limit) {
    const entry = waiting.shift()!
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory) {
      waiting.push(...(await list(entry as FileSystemDirectoryEntry)))
      continue
    }
    portion.push({
      name: entry.fullPath.replace(/^\//, ''),
      file: await fileOf(entry as FileSystemFileEntry),
    })
    count++
    if (portion.length === portionSize) {
      yield portion
      portion = []
    }
  }
  if (portion.length > 0) yield portion
  if (waiting.length > 0) onLimit()
}

export function collectPicked(files: Iterable<File>, limit: number): Collected[] {
  const found: Collected[] = []
  for (const file of files) {
    const name = file.webkitRelativePath || file.name
    if (name.split('/').some((step) => step.startsWith('.'))) continue
    found.push({ name, file })
    if (found.length === limit) break
  }
  return found
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject))

/** A reader gives at most a hundred entries a call, and an empty list at the end. */
async function list(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const entries: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return entries
    entries.push(...some)
  }
}
