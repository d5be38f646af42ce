/** Entry of the extractor process: reads untrusted files, and is the one process that may be killed at any moment. */
import { extractFile } from '../extract/extract.ts'
import { serveExtractor } from '../extract/extractor-process.ts'
import { connectParent } from './parent.ts'

// pdf.js leaves promises of its own behind when a broken document is closed; they concern no file but that one.
process.on('unhandledRejection', () => {})

serveExtractor(connectParent(), extractFile, () => process.exit(0))
