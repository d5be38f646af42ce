/** Entry of the search thread: read-only on the library and the live index, so it never waits for a writer. */
import { createSearchJobs } from '../search/jobs.ts'
import { openLibraryReader } from '../store/library/read.ts'
import { serveThread } from './thread.ts'

export interface SearchThreadData {
  libraryDir: string
}

serveThread(({ libraryDir }: SearchThreadData) => createSearchJobs(openLibraryReader(libraryDir)))
