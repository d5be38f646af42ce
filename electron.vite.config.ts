import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { fileURLToPath } from 'node:url'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  // Every process and thread is an entry with a stable name: core/package-layout.ts finds it by that. Packages stay
  // outside the bundle (electron-vite's default), onnxruntime above all: a second copy of it aborts the process.
  main: {
    build: {
      target: 'node24',
      rolldownOptions: {
        input: {
          index: at('src/main/index.ts'),
          'processes/engine': at('src/main/processes/engine.ts'),
          'processes/indexer': at('src/core/processes/indexer.ts'),
          'processes/extractor': at('src/core/processes/extractor.ts'),
          'processes/prober': at('src/core/processes/prober.ts'),
          'threads/library': at('src/core/threads/library.ts'),
          'threads/search': at('src/core/threads/search.ts'),
          'threads/inference': at('src/core/threads/inference.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  // A sandboxed preload is one CommonJS file and can require nothing but electron.
  preload: {
    build: {
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: at('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  // Nothing inlined as data: the policy of the window allows scripts and workers from files only.
  renderer: {
    root: at('src/renderer'),
    plugins: [react()],
    build: {
      outDir: at('out/renderer'),
      emptyOutDir: true,
      minify: true,
      assetsInlineLimit: 0,
      rolldownOptions: { input: { index: at('src/renderer/index.html') } },
    },
  },
})
