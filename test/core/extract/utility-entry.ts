/** The real extractor, in a process that looks to pdf.js like Electron's utility process, where it takes itself for a browser. */
import { extractFile } from '../../../src/core/extract/extract.ts'
import { serveExtractor } from '../../../src/core/extract/extractor-process.ts'
import { connectParent } from '../../../src/core/processes/parent.ts'

const parent = connectParent()
Object.defineProperty(process, 'type', { value: 'utility' })
Object.defineProperty(process.versions, 'electron', { value: '45.4.1' })
serveExtractor(parent, extractFile, () => process.exit(0))
