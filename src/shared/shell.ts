/** What the desktop app adds to the window, as `window.manifold`; in a browser there is none. */
import type { ErrorShape } from './errors.ts'
import type { ReasonCode } from './document.ts'
import type { Settings } from './settings.ts'
import type { ModelInfo } from './status.ts'

/** How many documents were linked; null when the person cancelled. */
export interface Linked {
  documents: number
  unchanged: number
  refused: { path: string; reason: ReasonCode }[]
}

export interface Shell {
  /** 'darwin', 'win32', 'linux' */
  platform: string
  /** Links the files and folders behind a drop in place; what has no path (an image out of a page) is left out. */
  addDropped(files: File[]): Promise<Linked>
  pickFiles(): Promise<Linked | null>
  pickFolder(): Promise<Linked | null>
  /** A dialog for a model's folder, or a zip of one; null when the person cancelled. Why one is refused is data: of an error only its text would come through. */
  importModel(kind: 'folder' | 'zip'): Promise<{ model: ModelInfo } | { error: ErrorShape } | null>
  /** Asks the person outside the page whether models may come from `address`; then it is the custom source. */
  useMirror(address: string): Promise<boolean>
  /** Shows a document's file in the system's file manager. */
  reveal(documentId: number): Promise<void>
  /** Opens a document in the program the system has for it. */
  open(documentId: number): Promise<void>
  setTheme(theme: Settings['theme']): Promise<void>
}

declare global {
  interface Window {
    readonly manifold?: Shell
  }
}
