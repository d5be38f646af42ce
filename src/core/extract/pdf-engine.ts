/**
 * pdf.js as a library without a browser: loaded on first use, its worker in this thread (the process around it is
 * what can be killed), its character maps and fonts read from the folders shipped with the program. Without the
 * character maps Chinese text silently vanishes, so a missing folder is an error.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'

export type PdfJs = typeof import('pdfjs-dist/legacy/build/pdf.mjs')

let loading: Promise<PdfJs> | null = null

export function loadPdfJs(): Promise<PdfJs> {
  loading ??= load()
  return loading
}

async function load(): Promise<PdfJs> {
  const globals = globalThis as { DOMMatrix?: unknown; Path2D?: unknown; pdfjsWorker?: unknown }
  // In an Electron utility process pdf.js takes itself for a browser and finds neither; text needs no geometry of theirs.
  globals.DOMMatrix ??= class DOMMatrix {}
  globals.Path2D ??= class Path2D {}
  // @ts-expect-error the worker is shipped without types; it is only handed over
  globals.pdfjsWorker ??= await import('pdfjs-dist/legacy/build/pdf.worker.mjs')
  return import('pdfjs-dist/legacy/build/pdf.mjs')
}

/** Options of getDocument that hold in every process. `resources` has cmaps/, standard_fonts/, wasm/, iccs/. */
export function documentOptions(pdfjs: PdfJs, resources: string) {
  return {
    verbosity: pdfjs.VerbosityLevel.ERRORS,
    // The factory ignores these, but pdf.js checks that they are there.
    cMapUrl: 'cmaps/',
    standardFontDataUrl: 'standard_fonts/',
    wasmUrl: 'wasm/',
    iccUrl: 'iccs/',
    cMapPacked: true,
    BinaryDataFactory: dataFactory(resources),
    useWorkerFetch: false,
    disableFontFace: true,
    useSystemFonts: false,
    isOffscreenCanvasSupported: false,
    isImageDecoderSupported: false,
    disableNormalization: true,
    enableXfa: false,
    // Pictures are never decoded: only text is wanted here.
    maxImageSize: 1,
    canvasMaxAreaInBytes: 1,
  }
}

const folders: Record<string, string> = {
  cMapUrl: 'cmaps',
  standardFontDataUrl: 'standard_fonts',
  wasmUrl: 'wasm',
  iccUrl: 'iccs',
}

function dataFactory(resources: string) {
  return class {
    async fetch({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> {
      const folder = folders[kind]
      // The name comes from inside the document.
      if (!folder || !/^[\w.-]+$/.test(filename) || filename.startsWith('.')) {
        throw new AppError('internal', `pdf.js asked for ${kind} ${filename}`)
      }
      return new Uint8Array(await readFile(join(resources, folder, filename)))
    }
  }
}
