/** Where things lie in a library folder. */
import { join } from 'node:path'

export const lockFileName = 'lock.db'
export const modelsFolder = (libraryDir: string): string => join(libraryDir, 'models')
/** Files of the models that indexes stand on; no model has a name with a dot before it. */
export const pinsFolder = (libraryDir: string): string => join(modelsFolder(libraryDir), '.pinned')
export const filesFolder = (libraryDir: string): string => join(libraryDir, 'files')

/** A managed copy is named by the sha256 of its bytes, never by what the client called it. */
export const storedFile = (libraryDir: string, sha256: string): string =>
  join(filesFolder(libraryDir), sha256.slice(0, 2), sha256)
